// The most that is read of anything: one table. What is larger is refused by a sentence that names the file and the bound, so that
// a file that grows, or a link to /dev/zero, costs that file alone. Each bound lies far above what distributions ship
// (test/linux/modules/real-sizes.test.ts has their figures), and never below the kernel's own or the format's.

/** How much is read of one file, and of what else than regular files. */
export type Bound = {
	readonly bytes: number;
	/** What it holds, in the singular: it ends the sentence "which no … is". */
	readonly kind: string;
	/** Whoever called named it: then it may be a pipe, a terminal or another character device too. */
	readonly named?: boolean;
};

const KIB = 2 ** 10;
const MIB = 2 ** 20;

export const bounds = {
	/** What the index's offsets of 28 bits reach, and the most that depmod writes. Debian's largest has 1.3 MiB. */
	index: { bytes: 256 * MIB, kind: "index" },
	/** modprobe.d, depmod.d, modules.softdep, modules.weakdep. The largest that Debian's packages ship have some 10 KiB. */
	configuration: { bytes: 16 * MIB, kind: "configuration file" },
	/** hotplugd.toml and rules of policy, which people write. */
	settings: { bytes: MIB, kind: "file of settings or rules" },
	/** modules.order, modules.builtin, modules.builtin.modinfo, modules.devname: lines about 65,534 modules, kmod's most, have some 8 MiB. */
	kernelBuild: { bytes: 16 * MIB, kind: "list of a kernel's build" },
	/** Module.symvers, System.map, /proc/kallsyms: a kernel with everything built in and all debugging has 30 MiB of them. */
	symbols: { bytes: 256 * MIB, kind: "list of symbols" },
	/** /proc/modules: a line names all modules that use one, so that it may grow beyond what the names alone have. */
	loadedModules: { bytes: 64 * MIB, kind: "list of loaded modules" },
	/** What the kernel and udev say in small files: attributes of a page, /proc/cmdline (COMMAND_LINE_SIZE, 64 KiB at most), udev's database. */
	small: { bytes: MIB, kind: "attribute or record" },
	/** What a driver says in one file of sysfs: a page, which has 64 KiB on the machines whose pages are largest. */
	attribute: { bytes: 64 * KIB, kind: "attribute" },
	/** What the kernel itself takes (kernel_read_file's INT_MAX), packed or unpacked. The largest of Debian's debug packages, amdgpu, has 340 MiB. */
	module: { bytes: 2 ** 31 - 1, kind: "module" },
} as const satisfies Readonly<Record<string, Bound>>;

/** In one directory: four times kmod's most modules. */
export const MOST_NAMES = 2 ** 18;
/** A tree of more names is none of modules: links that lead to each other's directories make any tree endless. */
export const MOST_NAMES_IN_ALL = 2 ** 20;
/** In all directories of a tree that a check looks through, each once: a dozen times what Debian's kernel has. */
export const MOST_NAMES_CHECKED = 2 ** 16;

/**
 * Of a compressed file: streams and blocks (xz), frames (zstd) or members (gzip), of each of which something is remembered. Three
 * times as many as the largest of Debian's debug packages would have if it were cut into pieces of 64 KiB, as bgzip does.
 */
export const MOST_PARTS = 2 ** 14;

/**
 * The largest window of a zstd frame, and dictionary of an xz block, that is decoded, in bytes, unless the content is smaller than
 * that: what zstd(1) takes unless told otherwise, and what xz -9 makes.
 */
export const LARGEST_WINDOW = 128 * MIB;
export const LARGEST_DICTIONARY = 64 * MIB;

/** Such as "16 MiB", or "2 GiB" for one byte less. */
export function formatBytes(bytes: number): string {
	if (bytes >= 2 ** 30) return `${Math.ceil(bytes / 2 ** 30)} GiB`;
	return bytes >= MIB ? `${Math.ceil(bytes / MIB)} MiB` : `${Math.ceil(bytes / KIB)} KiB`;
}

/** A clause about a file. */
export function explainTooLarge({ bytes, kind }: Bound): string {
	return `it is larger than ${formatBytes(bytes)}, which no ${kind} is`;
}
