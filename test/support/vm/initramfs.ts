// The initramfs: busybox, the twelve modules that a virtio disk with ext4 needs, and the script that mounts the disks.
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { asset, digest } from "./cache.js";
import { command } from "./command.js";
import { formatCpio } from "./cpio.js";
import { kernelPackage } from "./kernel-package.js";
import { guestFile } from "./project-image.js";
import { rootDirectory } from "./root-image.js";

/** What the initramfs asks for; with their dependencies they are the modules live before a test begins. */
const wanted = ["virtio_pci", "virtio_blk", "ext4", "crc32c_generic"];

export async function initramfs(): Promise<string> {
	const { root, release, version } = await kernelPackage();
	const init = guestFile("initramfs-init.sh");
	return await asset(`initramfs-${release}_${version}-${digest(init, ...wanted)}.cpio`, async (draft) => {
		const files = new Map([
			["init", Buffer.from(init)],
			["bin/busybox", readFileSync(join(await rootDirectory(), "bin/busybox"))],
		]);
		const plan = await command("modprobe", ["-d", root, "-S", release, "-C", "/dev/null", "-D", "-a", ...wanted]);
		const paths = new Set(
			plan
				.split("\n")
				.filter(Boolean)
				.map((line) => line.split(" ")[1]!),
		);
		let order = 0;
		for (const path of paths)
			files.set(`modules/${String(order++).padStart(2, "0")}-${basename(path)}`, readFileSync(path));
		writeFileSync(draft, formatCpio(files));
	});
}
