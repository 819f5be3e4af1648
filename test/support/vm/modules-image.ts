// /lib/modules of the guest, a disk of its own, so that the root can be shared by all its variants.
import { basename, join } from "node:path";
import { asset } from "./cache.js";
import { makeDiskImage } from "./disk-image.js";
import { type Compression, moduleTree } from "./kernel-package.js";
import { moduleTreeWithTestModules } from "./test-modules.js";

/** An image of the kernel's modules, compressed or not, with our own ones beside them or not. */
export async function modulesImage(compression: Compression, withTestModules: boolean): Promise<string> {
	const { root } = await (withTestModules ? moduleTreeWithTestModules : moduleTree)(compression);
	return await asset(`${basename(root)}.img`, (draft) => makeDiskImage(join(root, "lib/modules"), draft));
}
