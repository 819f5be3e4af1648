// The initramfs: busybox, the twelve modules that a virtio disk with ext4 needs, and our scripts, one of which mounts the disks.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { command } from "../machines/command.js";
import { asset, digest } from "./cache.js";
import { formatCpio } from "./cpio.js";
import { type KernelPackage, kernelPackage } from "./kernel-package.js";
import { guestFile, guestScripts } from "./overlay.js";
import { rootDirectory } from "./root-image.js";

/** Modules that the initramfs inserts. They and their dependencies are live before a test begins. */
const wanted = ["virtio_pci", "virtio_blk", "ext4", "crc32c_generic"];

/** @param processOne the path of process 1, when it is not our script */
export async function initramfs(processOne?: string, kernel?: KernelPackage): Promise<string> {
	const { root, release, version } = kernel ?? (await kernelPackage());
	const scripts = guestScripts().set("init", guestFile("initramfs-init.sh"));
	if (processOne !== undefined) scripts.set("vm/process-1", Buffer.from(processOne));
	const key = digest(...wanted, ...[...scripts].flat());
	return await asset(`initramfs-${release}_${version}-${key}.cpio`, async (draft) => {
		const busybox = readFileSync(join(await rootDirectory(), "bin/busybox"));
		const files = new Map([...scripts, ["bin/busybox", busybox]]);
		const plan = await command("modprobe", ["-d", root, "-S", release, "-C", "/dev/null", "-D", "-a", ...wanted]);
		const paths = new Set(
			plan
				.split("\n")
				.filter((line) => line.startsWith("insmod "))
				.map((line) => line.split(" ")[1]!),
		);
		// The modules must be inserted in this order, by which their files are named.
		for (const [index, path] of [...paths].entries()) {
			files.set(`modules/${String(index).padStart(2, "0")}-${basename(path, ".xz")}`, readModule(path));
		}
		writeFileSync(draft, formatCpio(files));
	});
}

/** The uncompressed module: busybox's insmod takes no compressed file. */
function readModule(path: string) {
	return path.endsWith(".xz") ? execFileSync("xz", ["-dc", path], { maxBuffer: 1 << 28 }) : readFileSync(path);
}
