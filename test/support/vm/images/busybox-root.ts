// A small root like that of an embedded image: busybox, node with the libraries that node needs, and no other program that loads
// modules.
import { basename } from "node:path";
import { shell } from "../machines/command.js";
import { asset, digest } from "./cache.js";

/** sh that makes the root. coreutils' env and flock are for the guest's link: busybox's env has no --default-signal. */
const make = `mkdir -p "$2"; cd "$2"
libraries=lib/x86_64-linux-gnu
mkdir -p bin sbin dev proc sys run tmp root mnt etc/init.d usr/bin usr/sbin usr/local/bin lib/modules lib64 opt/hotplugd \\
	var/log $libraries
cp "$1/bin/busybox" bin/busybox
for applet in $(bin/busybox --list-full); do [ -e "$applet" ] || ln -s /bin/busybox "$applet"; done
rm usr/bin/env sbin/modprobe sbin/depmod sbin/mdev
cp "$1/usr/bin/env" "$1/usr/bin/flock" usr/bin
cp "$3" usr/bin/node
for library in $(ldd usr/bin/node | sed -n 's,.* => \\(/[^ ]*\\) .*,\\1,p'); do cp -L "$1/$library" $libraries; done
cp -L "$1/lib64/ld-linux-x86-64.so.2" lib64
touch etc/inittab
echo root:x:0:0:root:/root:/bin/sh >etc/passwd
echo root:x:0: >etc/group
for name in hotplugd coldplug; do ln -s /opt/hotplugd/dist/main.js usr/local/bin/$name; done`;

/** @param debian the unpacked root of a Debian, the source of busybox and of the libraries */
export async function busyboxRoot(debian: string): Promise<string> {
	const name = `root-busybox-${digest(make, basename(debian))}+node-${process.version}`;
	return await asset(name, (draft) => shell(make, debian, draft, process.execPath));
}
