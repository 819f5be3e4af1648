// Debian's kernel package, unpacked: the package that linux-image-amd64 depends on, with indexes by the real depmod.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { aptRetries, command, shell } from "../machines/command.js";
import { asset, digest } from "./cache.js";

export interface KernelPackage {
	/** Release of the kernel, such as 6.1.0-56-amd64. */
	readonly release: string;
	/** The package's version, such as 6.1.192-2. */
	readonly version: string;
	/**
	 * A directory with `lib/modules/RELEASE` (uncompressed modules, indexes) and `boot/vmlinuz-RELEASE`. Callers must not write
	 * there.
	 */
	readonly root: string;
}

export type Compression = "plain" | "xz" | "zst" | "gz";

type Named = { readonly name: string; readonly release: string; readonly version: string };

let named: Promise<Named> | undefined;

/**
 * The package that apt would install now. Asking apt takes a second, so its answer is kept for each state of its lists and
 * settings.
 */
async function nameKernelPackage(): Promise<Named> {
	const answer = `kernel-name-${digestFiles(["/var/lib/apt/lists", "/var/lib/dpkg/status", ...aptSettings])}`;
	try {
		const path = await asset(answer, async (draft) => writeFileSync(draft, JSON.stringify(await askApt())), {
			checked: true,
		});
		return JSON.parse(readFileSync(path, "utf8"));
	} catch (error) {
		throw (error as Error).cause ?? error;
	}
}

/** Settings on which apt's choice depends, besides its lists. */
const aptSettings = ["sources.list", "sources.list.d", "preferences", "preferences.d", "apt.conf", "apt.conf.d"].map(
	(name) => join("/etc/apt", name),
);

async function askApt(): Promise<Named> {
	const described = await command("apt-cache", ["show", "--no-all-versions", "linux-image-amd64"]).catch(() => "");
	const [, name, version] = /^Depends:.*(linux-image-\S+) \(= (\S+)\)/m.exec(described) ?? [];
	if (name === undefined || version === undefined) {
		throw new Error("apt knows no linux-image-amd64: run scripts/setup-vm.sh as root");
	}
	return { name, release: name.replace("linux-image-", ""), version };
}

/**
 * A short hash of the states of these files, and of the files directly in these directories: size and time of the last change.
 */
function digestFiles(paths: readonly string[]): string {
	const states = paths.flatMap((path) => {
		const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
		const files = stat?.isDirectory() ? readdirSync(path).map((name) => join(path, name)) : [path];
		return files.map((file) => {
			const { size, ctimeNs } = statSync(file, { bigint: true, throwIfNoEntry: false }) ?? {};
			return `${file} ${size} ${ctimeNs}`;
		});
	});
	return digest(...states);
}

/** Downloads and unpacks the package at the first call ever; later calls find it in the cache. */
export async function kernelPackage(): Promise<KernelPackage> {
	named ??= nameKernelPackage();
	const { name, release, version } = await named;
	const root = await asset(`kernel-${release}_${version}`, async (draft) => {
		await unpackPackages([`${name}=${version}`], draft);
		await shell('depmod -b "$1" "$2"', draft, release);
	});
	return { release, version, root };
}

/** Unpacks Debian packages (NAME or NAME=VERSION) into a new directory, without installing anything. */
export async function unpackPackages(packages: readonly string[], directory: string): Promise<void> {
	await shell(
		`directory=$1; shift; rm -rf "$directory.debs"; mkdir -p "$directory.debs" "$directory"
		cd "$directory.debs"; apt-get ${aptRetries} download -q "$@" >/dev/null
		for deb in *.deb; do dpkg -x "$deb" "$directory"; done; rm -r "$directory.debs"`,
		directory,
		...packages,
	);
}

const byDepmod = 'rm modules.*.bin; depmod -b "$2" "$3"';
// Debian's depmod passes over .ko.gz. Its indexes of .ko.xz fit after a replacement of the names: those have the same length, so
// that every offset stays.
const byRenaming = 'rm modules.*; cp "$4"/modules.* .; LC_ALL=C sed -i "s/\\.ko\\.xz/.ko.gz/g" modules.*';

// The lowest levels: the tests are about decompression, and making these trees should take little time.
const compressed = {
	xz: { compress: "xz -0 --check=crc32 -f -q", index: byDepmod },
	zst: { compress: "zstd -1 -q --rm", index: byDepmod },
	gz: { compress: "gzip -1 -n -f -q", index: byRenaming },
};

/** The package's modules compressed file by file, with indexes by the real depmod. `plain` is the package itself. */
export async function moduleTree(compression: Compression): Promise<KernelPackage> {
	const kernel = await kernelPackage();
	if (compression === "plain") return kernel;
	const { compress, index } = compressed[compression];
	const indexed = compression === "gz" ? await moduleTree("xz") : kernel;
	const root = await asset(`modules-${compression}-${kernel.release}_${kernel.version}`, async (draft) => {
		await shell(
			`mkdir -p "$2/lib"; cp -al "$1/lib/modules" "$2/lib/modules"; cd "$2/lib/modules/$3"
			find . -name '*.ko' -print0 | xargs -0 -n 64 -P "$(nproc)" ${compress}
			${index}`,
			kernel.root,
			draft,
			kernel.release,
			join(indexed.root, "lib/modules", kernel.release),
		);
	});
	return { ...kernel, root };
}

/** The number of module files in a tree, so that a test can fail for an empty tree. */
export function countModules(tree: KernelPackage): number {
	const names = readdirSync(join(tree.root, "lib/modules", tree.release), { recursive: true, encoding: "utf8" });
	return names.filter((name) => /\.ko(\.xz|\.zst|\.gz)?$/.test(name)).length;
}
