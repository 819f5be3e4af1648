// What a guest boots: the kernel, its first archive and the disks, made to order.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { backportedKernel } from "./backported-kernel.js";
import { formatCpio } from "./cpio.js";
import { initramfs } from "./initramfs.js";
import { type Compression, kernelPackage } from "./kernel-package.js";
import { modulesImage, modulesImageOf } from "./modules-image.js";
import { guestFile, overlayFiles } from "./overlay.js";
import { projectImage } from "./project-image.js";
import { type RebuiltInitrd, rebuiltInitrd } from "./rebuilt-initrd.js";
import { type Init, rootImage } from "./root-image.js";

export interface GuestSystem {
	readonly init?: Init;
	readonly files?: Readonly<Record<string, string | Buffer>>;
	readonly before?: string;
	readonly modules?: Compression;
	readonly kernel?: "backports";
	readonly testModules?: boolean;
	readonly modulesLate?: boolean;
	readonly initrd?: RebuiltInitrd;
}

const processOne: Readonly<Record<Init, string>> = {
	script: "/vm/init",
	systemd: "/lib/systemd/systemd",
	busybox: "/sbin/init",
};

/** Paths of the kernel and of the disks' images, the content of the initrd, and what the kernel has to be told about them. */
export async function guestSystem({ init = "script", ...system }: GuestSystem) {
	const newer = system.kernel === "backports" ? await backportedKernel() : undefined;
	const [kernel, first, root, modules, project] = await Promise.all([
		newer ?? kernelPackage(),
		system.initrd ? rebuiltInitrd(system.initrd) : initramfs(newer),
		rootImage(init),
		newer ? modulesImageOf(newer) : modulesImage(system.modules ?? "plain", system.testModules ?? false),
		projectImage(),
	]);
	const own = overlayFiles(system);
	if (system.initrd) addLocalBottom(own);
	else own.set("process-1", Buffer.from(processOne[init]));
	return {
		kernel: join(kernel.root, "boot", `vmlinuz-${kernel.release}`),
		initrd: Buffer.concat([padded(readFileSync(first)), formatCpio(own)]),
		disks: { root, modules, project },
		append: system.initrd ? "root=LABEL=root rw fsck.mode=skip" : "",
	};
}

/** initramfs-tools runs what the file ORDER says. */
function addLocalBottom(own: Map<string, Buffer>): void {
	own.set("lay-root", guestFile("lay-root.sh"));
	own.set("scripts/local-bottom/vm", guestFile("local-bottom.sh"));
	own.set("scripts/local-bottom/ORDER", Buffer.from('/scripts/local-bottom/vm "$@"\n'));
}

/** The kernel looks for the next archive at a multiple of four bytes. */
function padded(archive: Buffer): Buffer {
	return Buffer.concat([archive, Buffer.alloc(-archive.length & 3)]);
}
