// /lib/modules of the guest, as a disk of its own, so that all variants share one root.
import { basename, join } from "node:path";
import { asset } from "./cache.js";
import { makeDiskImage } from "./disk-image.js";
import { type Compression, type KernelPackage, moduleTree } from "./kernel-package.js";
import { moduleTreeWithTestModules } from "./test-modules.js";

/** An image of the kernel's modules in that compression, with our own modules beside them or not. */
export async function modulesImage(compression: Compression, withTestModules: boolean): Promise<string> {
	return await modulesImageOf(await (withTestModules ? moduleTreeWithTestModules : moduleTree)(compression));
}

/** An image of the modules of a given tree. */
export async function modulesImageOf({ root }: KernelPackage): Promise<string> {
	return await asset(`${basename(root)}.img`, (draft) => makeDiskImage(join(root, "lib/modules"), draft));
}
