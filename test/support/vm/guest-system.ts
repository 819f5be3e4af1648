// What a guest boots: the kernel, its first archive and the disks, made to order.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { backportedKernel } from "./backported-kernel.js";
import { formatCpio } from "./cpio.js";
import { initramfs } from "./initramfs.js";
import { type Compression, kernelPackage } from "./kernel-package.js";
import { modulesImage, modulesImageOf } from "./modules-image.js";
import { overlayFiles } from "./overlay.js";
import { projectImage } from "./project-image.js";
import { type Init, rootImage } from "./root-image.js";

export interface GuestSystem {
	readonly init?: Init;
	readonly files?: Readonly<Record<string, string | Buffer>>;
	readonly before?: string;
	readonly modules?: Compression;
	readonly kernel?: "backports";
	readonly testModules?: boolean;
}

const processOne: Readonly<Record<Init, string>> = {
	script: "/vm/init",
	systemd: "/lib/systemd/systemd",
	busybox: "/sbin/init",
};

/** Paths of the kernel and of the disks' images, and the content of the initrd. */
export async function guestSystem({ init = "script", ...system }: GuestSystem) {
	const newer = system.kernel === "backports" ? await backportedKernel() : undefined;
	const [kernel, first, root, modules, project] = await Promise.all([
		newer ?? kernelPackage(),
		initramfs(newer),
		rootImage(init),
		newer ? modulesImageOf(newer) : modulesImage(system.modules ?? "plain", system.testModules ?? false),
		projectImage(),
	]);
	const own = formatCpio(overlayFiles(system).set("process-1", Buffer.from(processOne[init])));
	return {
		kernel: join(kernel.root, "boot", `vmlinuz-${kernel.release}`),
		initrd: Buffer.concat([readFileSync(first), own]),
		disks: { root, modules, project },
	};
}
