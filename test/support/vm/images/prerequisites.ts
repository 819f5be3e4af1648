// Whether this machine can run virtual machines, and the reason if it cannot.
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { path } from "../machines/command.js";
import { initramfs } from "./initramfs.js";
import { kernelPackage } from "./kernel-package.js";
import { modulesImage } from "./modules-image.js";
import { rootImage } from "./root-image.js";

const programs = [
	"qemu-system-x86_64",
	"linux.uml",
	"apt-get",
	"dpkg",
	"depmod",
	"modprobe",
	"debootstrap",
	"mke2fs",
	"xz",
	"zstd",
	"flock",
	"bc",
];

function isInstalled(program: string): boolean {
	return path.split(":").some((directory) => {
		try {
			accessSync(join(directory, program), constants.X_OK);
			return true;
		} catch {
			return false;
		}
	});
}

/** Makes everything that every boot needs. Resolves with one line that says why this is impossible here, or with undefined. */
export async function whyNoVm(): Promise<string | undefined> {
	if (process.arch !== "x64") return `the virtual machine is x86-64, this machine is ${process.arch}`;
	const missing = programs.filter((program) => !isInstalled(program));
	if (missing.length > 0) return `${missing.join(", ")} not installed: run scripts/setup-vm.sh as root`;
	try {
		await Promise.all([kernelPackage(), rootImage()]);
		await Promise.all([initramfs(), modulesImage("plain", false)]);
		return undefined;
	} catch (error) {
		return (error as Error).message;
	}
}
