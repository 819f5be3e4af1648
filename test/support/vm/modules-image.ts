// /lib/modules of the guest, a disk of its own, so that the root can be shared by all its variants.
import { join } from "node:path";
import { asset } from "./cache.js";
import { makeDiskImage } from "./disk-image.js";
import { type Compression, moduleTree } from "./kernel-package.js";

export async function modulesImage(compression: Compression): Promise<string> {
	const { root, release, version } = await moduleTree(compression);
	return await asset(`modules-${compression}-${release}_${version}.img`, (draft) =>
		makeDiskImage(join(root, "lib/modules"), draft),
	);
}
