// Our own kernel modules of fixtures/modules, built against the headers of Debian's kernel.
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { asset, digest } from "./cache.js";
import { shell } from "./command.js";
import { type Compression, type KernelPackage, kernelPackage, moduleTree, unpackPackages } from "./kernel-package.js";
import { projectRoot } from "./project-image.js";

/** The kernel's headers and build programs, unpacked and not installed: made to find each other there. */
async function kernelHeaders(): Promise<string> {
	const { release, version } = await kernelPackage();
	const flavourless = release.slice(0, release.lastIndexOf("-"));
	const series = release.split(".").slice(0, 2).join(".");
	const packages = [`linux-headers-${release}`, `linux-headers-${flavourless}-common`, `linux-kbuild-${series}`];
	const root = await asset(`headers-${release}_${version}`, async (draft) => {
		await unpackPackages(
			packages.map((name) => `${name}=${version}`),
			draft,
		);
		await shell('cd "$1"; sed -i "s,^include /usr/src/,include ../," Makefile', join(draft, "usr/src", packages[0]!));
	});
	return join(root, "usr/src", packages[0]!);
}

/** A directory with a .ko for each of the sources, which say what it does. */
export async function testModules(): Promise<string> {
	const { release, version } = await kernelPackage();
	const sources = join(projectRoot, "fixtures/modules");
	const key = digest(
		...readdirSync(sources)
			.sort()
			.map((name) => readFileSync(join(sources, name))),
	);
	return await asset(`test-modules-${release}_${version}-${key}`, async (draft) => {
		await shell(
			`rm -rf "$3.build"; cp -r "$1" "$3.build"; make -s -C "$2" CC=gcc M="$3.build" modules >&2
			strip -g "$3.build"/*.ko; mkdir "$3"; mv "$3.build"/*.ko "$3"; rm -r "$3.build"`,
			sources,
			await kernelHeaders(),
			draft,
		);
	});
}

/** A module tree with our own modules in `extra`, indexed by the real depmod: of the two rivals, hotplugd_first comes first. */
export async function moduleTreeWithTestModules(compression: Compression): Promise<KernelPackage> {
	if (compression === "gz")
		throw new Error("Debian's depmod, which indexes a tree with our own modules, passes over .ko.gz");
	const tree = await moduleTree(compression);
	const extra = await testModules();
	const root = await asset(`modules-${compression}+${basename(extra)}-ordered`, async (draft) => {
		await shell(
			`mkdir -p "$2/lib"; cp -al "$1/lib/modules" "$2/lib/modules"; cd "$2/lib/modules/$3"
			rm modules.*.bin; cp -r "$4" extra
			{ cat modules.order; printf "extra/%s.ko\\n" hotplugd_first hotplugd_second; } >order; mv order modules.order
			depmod -b "$2" "$3"`,
			tree.root,
			draft,
			tree.release,
			extra,
		);
	});
	return { ...tree, root };
}

/** hotplugd_base.ko, which nobody has signed, as if it were built for a kernel with another configuration. */
export async function foreignModule(): Promise<Buffer> {
	const image = readFileSync(join(await testModules(), "hotplugd_base.ko"));
	const at = image.indexOf(" SMP preempt ");
	if (at === -1) throw new Error("hotplugd_base.ko has another vermagic than is known here");
	image.write(" UP- preempt ", at, "latin1");
	return image;
}
