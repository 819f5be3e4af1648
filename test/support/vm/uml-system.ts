// What a guest under User-mode Linux boots: Debian's package of it with its modules, and the roots of the other machines.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { asset } from "./cache.js";
import { command } from "./command.js";
import { formatCpio } from "./cpio.js";
import { makeDiskImage } from "./disk-image.js";
import { guestFile, guestScripts, type Overlay, overlayFiles } from "./overlay.js";
import { projectImage } from "./project-image.js";
import { rootDirectory, rootImage } from "./root-image.js";

const modulesOfPackage = "/usr/lib/uml/modules";

export interface UmlKernel {
	/** Such as 6.1.176. */
	readonly release: string;
	/** The package's version. */
	readonly version: string;
}

let named: Promise<UmlKernel> | undefined;

/** Which kernel of Debian's package user-mode-linux is installed. @throws Error if none is. */
export function umlKernel(): Promise<UmlKernel> {
	named ??= nameKernel();
	return named;
}

async function nameKernel(): Promise<UmlKernel> {
	const release = (await command("linux.uml", ["--version"])).trim();
	const installed = await command("dpkg-query", ["-W", "user-mode-linux"]);
	return { release, version: installed.trim().split("\t")[1]! };
}

/** sh for the guest's root, before process 1: makes the devices that a bus would have in another machine. */
export const makeDevices = guestFile("uml-devices.sh").toString();

/** The content of the initrd, and paths of the disks' images in their order. */
export async function umlSystem(overlay: Overlay) {
	const { release, version } = await umlKernel();
	const modules = asset(`uml-modules-${release}_${version}.img`, (draft) => makeDiskImage(modulesOfPackage, draft));
	const disks = await Promise.all([rootImage("systemd"), modules, projectImage()]);
	const files = guestScripts().set("init", guestFile("uml-init.sh"));
	for (const [path, content] of overlayFiles(overlay)) files.set(`overlay/${path}`, content);
	files.set("bin/busybox", readFileSync(join(await rootDirectory(), "bin/busybox")));
	files.set("overlay.ko", readFileSync(join(modulesOfPackage, release, "kernel/fs/overlayfs/overlay.ko")));
	return { initrd: formatCpio(files), disks };
}
