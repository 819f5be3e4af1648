// Debian packages that a guest's root has beside its own, unpacked and not installed, as a layer to lay over that root.
import { shell } from "../machines/command.js";
import { asset, digest } from "./cache.js";
import { unpackPackages } from "./kernel-package.js";
import { suiteName } from "./root-image.js";

/** sh, in the directory: what packages put into /bin, /sbin and /lib goes below /usr, which is where a root of today has those. */
const mergeUsr = `cd "$1"
for name in bin sbin lib; do
	[ -d "$name" ] || continue
	mkdir -p "usr/$name"
	cp -al "$name/." "usr/$name"
	rm -r "$name"
done`;

/** The directory. @param packages names */
export async function unpackedPackages(packages: readonly string[]): Promise<string> {
	return await asset(`packages-${suiteName()}-${digest(mergeUsr, ...packages)}`, async (draft) => {
		await unpackPackages(packages, draft);
		await shell(mergeUsr, draft);
	});
}
