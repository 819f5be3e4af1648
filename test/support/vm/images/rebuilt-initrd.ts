// An initrd as a Debian machine makes it for itself: by the real update-initramfs, run by root of this machine in the guest's
// root. That takes seconds here and minutes in the guest. Its writes and mounts disappear with its namespaces.
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { shell } from "../machines/command.js";
import { asset, digest } from "./cache.js";
import { isProgram } from "./cpio.js";
import { kernelPackage } from "./kernel-package.js";
import { guestFile } from "./overlay.js";
import { forgetOldImages, readProject } from "./project-image.js";
import { addNode, rootDirectory } from "./root-image.js";

/** Changes to the root before update-initramfs runs there. */
export interface RebuiltInitrd {
	readonly files?: Readonly<Record<string, string | Buffer>>;
	/** A directory of unpacked packages that the root has beside its own (unpacked-packages.ts). */
	readonly packages?: string;
	/** sh, run in the root. */
	readonly before?: string;
}

const script = `
mount -t overlay overlay -o "lowerdir=$6$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
cd "$2/root"
mount -t proc proc proc
(set -- "$4"; ${addNode})
cp "$3"/boot/config-* boot
mount --bind "$3/lib/modules" lib/modules
mount -o remount,ro,bind lib/modules
mount --bind "$2/project" opt/hotplugd
. "$2/lay-root"
lay_files "$2/files" "$2/root"
chroot . /bin/sh -eu /vm/before
chroot . /usr/sbin/update-initramfs -c -k "$5" >&2
cp boot/initrd.img-* "$2/initrd"`;

/** The path of the initrd. */
export async function rebuiltInitrd({ files = {}, packages, before = "" }: RebuiltInitrd): Promise<string> {
	const [kernel, root] = await Promise.all([kernelPackage(), rootDirectory("systemd")]);
	const project = readProject();
	const own = Object.entries({ ...files, "/vm/before": before });
	// Only a script can bring the project into the root, and so into the initrd.
	const taken = before === "" ? "" : project.key;
	const names = [root, kernel.root, ...(packages === undefined ? [] : [packages])].map((path) => basename(path));
	const key = digest(script, ...names, taken, ...own.flat());
	return await asset(`initrd-${key}.img`, async (draft) => {
		const work = `${draft}.work`;
		rmSync(work, { recursive: true, force: true });
		for (const name of ["upper", "work", "root", "files"]) mkdirSync(join(work, name), { recursive: true });
		project.write(join(work, "project"));
		writeFileSync(join(work, "lay-root"), guestFile("lay-root.sh"));
		for (const [path, content] of own) {
			mkdirSync(dirname(join(work, "files", path)), { recursive: true });
			writeFileSync(join(work, "files", path), content, { mode: isProgram(Buffer.from(content)) ? 0o755 : 0o644 });
		}
		await shell(
			'unshare --mount --pid --fork --net --ipc --uts sh -eu -c "$@"',
			...[
				script,
				"sh",
				root,
				work,
				kernel.root,
				process.execPath,
				kernel.release,
				packages === undefined ? "" : `${packages}:`,
			],
		);
		renameSync(join(work, "initrd"), draft);
		rmSync(work, { recursive: true });
		forgetOldImages();
	});
}
