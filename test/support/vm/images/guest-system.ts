// The files that a guest starts with, made on demand: the kernel, the initrd and the disks.
import { readFileSync } from "node:fs";
import { backportedKernel } from "./backported-kernel.js";
import { formatCpio } from "./cpio.js";
import { initramfs } from "./initramfs.js";
import { type Compression, kernelPackage } from "./kernel-package.js";
import { modulesImage, modulesImageOf } from "./modules-image.js";
import { guestFile, guestScripts, overlayFiles } from "./overlay.js";
import { projectImage } from "./project-image.js";
import { type RebuiltInitrd, rebuiltInitrd } from "./rebuilt-initrd.js";
import { type Init, rootImage } from "./root-image.js";
import { uncompressedKernel } from "./uncompressed-kernel.js";

export interface GuestSystem {
	readonly init?: Init;
	readonly files?: Readonly<Record<string, string | Buffer>>;
	readonly before?: string;
	readonly modules?: Compression;
	readonly kernel?: "backports";
	readonly testModules?: boolean;
	readonly modulesLate?: boolean;
	readonly initrd?: RebuiltInitrd;
	readonly rootDisk?: RootDisk;
}

/** Another root than that of its process 1, for an initrd of Debian to find. */
export interface RootDisk {
	/** The path of the image. */
	readonly image: string;
	/** The value of `root=` on the kernel command line. */
	readonly device: string;
}

const processOne: Readonly<Record<Init, string | undefined>> = {
	script: undefined,
	systemd: "/lib/systemd/systemd",
	busybox: "/sbin/init",
};

/** The files that a guest boots from: paths, and the archive that is appended to the initrd. */
export interface BootFiles {
	readonly kernel: string;
	readonly initrd: string;
	/** The archive to append to the initrd. */
	readonly joined: Buffer;
	readonly root: string;
	/** Parameters for the kernel command line. */
	readonly append: string;
}

export async function bootFiles({ init = "script", kernel, initrd, rootDisk }: GuestSystem): Promise<BootFiles> {
	const newer = kernel === "backports" ? await backportedKernel() : undefined;
	const [vmlinux, first, root] = await Promise.all([
		uncompressedKernel(newer ?? (await kernelPackage())),
		initrd ? rebuiltInitrd(initrd) : initramfs(processOne[init], newer),
		rootDisk?.image ?? rootImage(init),
	]);
	return {
		kernel: vmlinux,
		initrd: first,
		joined: initrd ? joinLocalBottom(first) : Buffer.alloc(0),
		root,
		append: initrd ? `root=${rootDisk?.device ?? "LABEL=root"} rw fsck.mode=skip` : "",
	};
}

/** Disks that come with each start, of a machine that boots or of a frozen one. The guest has read nothing from them before. */
export interface StartDisks {
	readonly modules: string;
	readonly project: string;
	/** The content of a disk: a cpio archive. */
	readonly overlay: Buffer;
}

export async function startDisks(system: GuestSystem): Promise<StartDisks> {
	const newer = system.kernel === "backports" ? await backportedKernel() : undefined;
	const [modules, project] = await Promise.all([
		newer ? modulesImageOf(newer) : modulesImage(system.modules ?? "plain", system.testModules ?? false),
		projectImage(),
	]);
	return { modules, project, overlay: formatCpio(overlayFiles(system)) };
}

/**
 * Adds `vm` to the scripts of initramfs-tools, whose file ORDER lists those to run. The kernel looks for the next archive at a
 * multiple of four bytes.
 */
function joinLocalBottom(first: string): Buffer {
	const own = guestScripts();
	own.set("scripts/local-bottom/vm", guestFile("local-bottom.sh"));
	own.set("scripts/local-bottom/ORDER", Buffer.from('/scripts/local-bottom/vm "$@"\n'));
	return Buffer.concat([Buffer.alloc(-readFileSync(first).length & 3), formatCpio(own)]);
}
