// ext4 images made from directories, without root and without a mount. All disks have the same size, since a frozen machine has
// seen that size.
import { truncateSync } from "node:fs";
import { shell } from "../machines/command.js";

/** Bytes. */
export const diskSize = 2 ** 30;

/**
 * Writes `directory` into a new sparse image with free space. The file system has no journal: a guest's writes are thrown away
 * anyway.
 */
export async function makeDiskImage(directory: string, image: string, label = ""): Promise<void> {
	await shell(
		`# A file system that compresses has less on its disk than the image will.
		used=$({ du -sk "$1"; du -sk --apparent-size "$1"; } | cut -f1 | sort -n | tail -n 1)
		size=$(( used * 5 / 4 + 65536 ))
		mke2fs -q -t ext4 -O ^has_journal -m 0 -b 4096 -i 8192 -E root_owner=0:0 -L "$3" -d "$1" "$2" "$size"k`,
		directory,
		image,
		label,
	);
	truncateSync(image, diskSize);
}
