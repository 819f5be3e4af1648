// The files that a guest under User-mode Linux boots from: the modules of Debian's package, and the roots of the other machines.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { asset } from "./cache.js";
import { formatCpio } from "./cpio.js";
import { makeDiskImage } from "./disk-image.js";
import { guestFile, guestScripts, type Overlay, overlayFiles } from "./overlay.js";
import { projectImage } from "./project-image.js";
import { type Init, rootDirectory, rootImage } from "./root-image.js";
import { modulesOfPackage, umlKernel } from "./uml-kernel.js";
import { umlTestModulesImage } from "./uml-test-modules.js";

export interface UmlSystem extends Overlay {
	readonly init?: Init;
	readonly devices?: string;
	readonly testModules?: boolean;
}

const processOne: Readonly<Record<Init, string>> = {
	script: "/vm/uml-script",
	systemd: "/lib/systemd/systemd",
	busybox: "/sbin/init",
};

/** The content of the initrd, and the paths of the disk images in their order. */
export async function umlSystem({ init = "script", devices, testModules, ...overlay }: UmlSystem) {
	const kernel = await umlKernel();
	const { release, version } = kernel;
	const modules = testModules
		? umlTestModulesImage(kernel)
		: asset(`uml-modules-${release}_${version}.img`, (draft) => makeDiskImage(modulesOfPackage, draft));
	const disks = await Promise.all([rootImage(init), modules, projectImage()]);
	const files = guestScripts().set("init", guestFile("uml-init.sh"));
	files.set("vm/uml-script", guestFile("uml-script.sh")).set("vm/process-1", Buffer.from(processOne[init]));
	files.set("vm/functions", Buffer.concat([guestFile("functions.sh"), guestFile("uml-functions.sh")]));
	if (devices !== undefined) files.set("vm/devices", Buffer.from(devices));
	for (const [path, content] of overlayFiles(overlay)) files.set(`overlay/${path}`, content);
	files.set("bin/busybox", readFileSync(join(await rootDirectory(), "bin/busybox")));
	files.set("overlay.ko", readFileSync(join(modulesOfPackage, release, "kernel/fs/overlayfs/overlay.ko")));
	return { initrd: formatCpio(files), disks };
}
