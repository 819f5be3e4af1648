// Our own kernel modules (fixtures/modules), built with the headers of Debian's kernel, or of another one: see
// uml-test-modules.ts.
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { shell } from "../machines/command.js";
import { asset, digest } from "./cache.js";
import { type Compression, type KernelPackage, kernelPackage, moduleTree, unpackPackages } from "./kernel-package.js";
import { projectRoot } from "./project-image.js";

/** The kernel's headers and build programs, unpacked but not installed, with their paths changed accordingly. */
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

/** A directory with a .ko for each of the sources. Each source says in its first comment what its module does. */
export async function testModules(): Promise<string> {
	const { release, version } = await kernelPackage();
	return await builtTestModules(`${release}_${version}`, kernelHeaders);
}

/** The modules built for the kernel of that name. `make` in its headers gets these variables. */
export async function builtTestModules(
	kernel: string,
	headers: () => Promise<string>,
	...variables: readonly string[]
): Promise<string> {
	const sources = join(projectRoot, "fixtures/modules");
	const key = digest(
		...readdirSync(sources)
			.sort()
			.map((name) => readFileSync(join(sources, name))),
		...variables,
	);
	return await asset(`test-modules-${kernel}-${key}`, async (draft) => {
		await shell(
			`sources=$1 headers=$2 built=$3; shift 3
			rm -rf "$built.build"; cp -r "$sources" "$built.build"
			make -s -C "$headers" CC=gcc M="$built.build" "$@" modules >&2
			strip -g "$built.build"/*.ko; mkdir "$built"; mv "$built.build"/*.ko "$built"; rm -r "$built.build"`,
			sources,
			await headers(),
			draft,
			...variables,
		);
	});
}

/** A module tree with our own modules beside Debian's. */
export async function moduleTreeWithTestModules(compression: Compression): Promise<KernelPackage> {
	if (compression === "gz")
		throw new Error("Debian's depmod, which indexes a tree with our own modules, passes over .ko.gz");
	const tree = await moduleTree(compression);
	const extra = await testModules();
	const root = await asset(`modules-${compression}+${basename(extra)}-ordered`, async (draft) => {
		await shell('mkdir -p "$2/lib"; cp -al "$1/lib/modules" "$2/lib/modules"', tree.root, draft);
		await addTestModules({ release: tree.release, root: draft }, extra);
	});
	return { ...tree, root };
}

/**
 * Puts our own modules into a tree's `extra`, and makes the indexes with the real depmod. Of the two rivals, hotplugd_first comes
 * first.
 */
export async function addTestModules(tree: Pick<KernelPackage, "release" | "root">, extra: string): Promise<void> {
	await shell(
		`cd "$1/lib/modules/$2"; rm modules.*.bin; cp -r "$3" extra
		{ cat modules.order; printf "extra/%s.ko\\n" hotplugd_first hotplugd_second; } >order; mv order modules.order
		depmod -b "$1" "$2"`,
		tree.root,
		tree.release,
		extra,
	);
}

/** The vermagic of a kernel with another configuration. */
const ofOneProcessor = (vermagic: string) => vermagic.replace(" SMP ", " UP- ");

/** One of our own modules (unsigned) with another vermagic, as `change` makes it: of the same length. */
export async function foreignModule(name = "hotplugd_base", change = ofOneProcessor): Promise<Buffer> {
	const image = readFileSync(join(await testModules(), `${name}.ko`));
	const [, vermagic = ""] = /\0vermagic=([^\0]*)\0/.exec(image.toString("latin1")) ?? [];
	const changed = change(vermagic);
	if (changed === vermagic || changed.length !== vermagic.length)
		throw new Error(`${name}.ko has another vermagic than is known here: ${vermagic}`);
	image.write(changed, image.indexOf(`vermagic=${vermagic}`) + "vermagic=".length, "latin1");
	return image;
}
