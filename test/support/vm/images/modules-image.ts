// /lib/modules of the guest, a disk of its own, so that the root can be shared by all its variants.
import { basename, join } from "node:path";
import { asset } from "./cache.js";
import { makeDiskImage } from "./disk-image.js";
import { type Compression, type KernelPackage, moduleTree } from "./kernel-package.js";
import { moduleTreeWithTestModules } from "./test-modules.js";

/** An image of the kernel's modules, compressed or not, with our own ones beside them or not. */
export async function modulesImage(compression: Compression, withTestModules: boolean): Promise<string> {
	return await modulesImageOf(await (withTestModules ? moduleTreeWithTestModules : moduleTree)(compression));
}

/** The same of a tree as it is. */
export async function modulesImageOf({ root }: KernelPackage): Promise<string> {
	return await asset(`${basename(root)}.img`, (draft) => makeDiskImage(join(root, "lib/modules"), draft));
}
