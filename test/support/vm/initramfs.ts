// The initramfs: busybox, the twelve modules that a virtio disk with ext4 needs, and the script that mounts the disks.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { asset, digest } from "./cache.js";
import { command } from "./command.js";
import { formatCpio } from "./cpio.js";
import { type KernelPackage, kernelPackage } from "./kernel-package.js";
import { guestFile } from "./overlay.js";
import { rootDirectory } from "./root-image.js";

/** What the initramfs asks for; with their dependencies they are the modules live before a test begins. */
const wanted = ["virtio_pci", "virtio_blk", "ext4", "crc32c_generic"];

/** Our scripts, by their path in the initramfs. It expects a boot's own archive behind it: `process-1` and `overlay`. */
const scripts = new Map([
	["init", guestFile("initramfs-init.sh")],
	["lay-root", guestFile("lay-root.sh")],
]);
export async function initramfs(kernel?: KernelPackage): Promise<string> {
	const { root, release, version } = kernel ?? (await kernelPackage());
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
		// The kernel wants them in this order, which their names keep.
		for (const [index, path] of [...paths].entries()) {
			files.set(`modules/${String(index).padStart(2, "0")}-${basename(path, ".xz")}`, readModule(path));
		}
		writeFileSync(draft, formatCpio(files));
	});
}

/** busybox's insmod takes no compressed file. */
function readModule(path: string) {
	return path.endsWith(".xz") ? execFileSync("xz", ["-dc", path], { maxBuffer: 1 << 28 }) : readFileSync(path);
}
