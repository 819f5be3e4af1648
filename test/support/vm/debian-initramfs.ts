// Machines that boot as Debian does, by an initramfs of its update-initramfs that finds the root, and such an initramfs without one of
// its modules. The root is that of busybox, on a virtio disk: as it is, or in LUKS.
import { cryptsetupPackages, encryptedImage, passphrase } from "./images/encrypted-root.js";
import type { RebuiltInitrd } from "./images/rebuilt-initrd.js";
import { rootImage } from "./images/root-image.js";
import type { Machine } from "./vm.js";

/** The root's disk, by the name that udev gives to it. */
export const rootDevice = "/dev/disk/by-id/virtio-root";

/** `MODULES=list`: a small initramfs is made and unpacked in a tenth of the time that one with most modules takes. */
const listed = {
	"/etc/initramfs-tools/conf.d/modules": "MODULES=list\n",
	"/etc/initramfs-tools/modules": "virtio_pci\nvirtio_blk\next4\n",
};

/** The root is looked for during 30 s, of which nine of ten pass at once. */
const impatient = {
	"/etc/initramfs-tools/conf.d/impatient": "sleep() { starttime=$((starttime - 9)); /bin/busybox sleep $1; }\n",
};

/** A hook of initramfs-tools, which runs before depmod. */
const takeOut = (file: string) => `#!/bin/sh
[ "$1" != prereqs ] || exit 0
find "$DESTDIR/lib/modules" -name '${file}.ko*' | grep . && find "$DESTDIR/lib/modules" -name '${file}.ko*' -delete
`;

/** A machine, and its initramfs. */
export interface DebianMachine extends Machine {
	readonly initrd: RebuiltInitrd;
}

/** The same machine with an initramfs that lacks a module. @param file the name of the module's file, without its ending */
export function withoutModule(machine: DebianMachine, file: string): DebianMachine {
	const files = { ...machine.initrd.files, ...impatient, "/etc/initramfs-tools/hooks/take-out": takeOut(file) };
	return { ...machine, initrd: { ...machine.initrd, files } };
}

// The kernel's tests of its ciphers take a second and a half under emulation.
const append = "cryptomgr.notests";

export async function plainMachine(): Promise<DebianMachine> {
	const rootDisk = { image: await rootImage("busybox"), device: rootDevice };
	return { init: "busybox", booted: true, append, rootDisk, initrd: { files: listed } };
}

/** The initramfs opens the root with a key file, and asks nobody. */
export async function encryptedMachine(): Promise<DebianMachine> {
	const [image, packages] = await Promise.all([rootImage("busybox").then(encryptedImage), cryptsetupPackages()]);
	const files = {
		...listed,
		"/etc/crypttab": `root ${rootDevice} /etc/keys/root.key luks,initramfs,tries=1\n`,
		"/etc/keys/root.key": passphrase,
		"/etc/cryptsetup-initramfs/conf-hook": "KEYFILE_PATTERN=/etc/keys/*.key\n",
	};
	const rootDisk = { image, device: "/dev/mapper/root" };
	return { init: "busybox", booted: true, append, rootDisk, initrd: { files, packages } };
}
