// The limits on all that is read, in one table. A larger file is refused with a sentence that names the file and the limit, so
// that a growing file, or a link to /dev/zero, affects that file alone. Each limit lies far above what distributions ship
// (test/linux/modules/real-sizes.test.ts has their figures), and never below the kernel's own or the format's.

/** The limit for one file, and whether other file types than regular files are read. */
export type Bound = {
	readonly bytes: number;
	/** The kind of file, in the singular and with its article: it ends the sentence "the limit for …". */
	readonly kind: string;
	/** Whether the caller named the file: then it may also be a pipe, a terminal or another character device. */
	readonly named?: boolean;
};

const KIB = 2 ** 10;
const MIB = 2 ** 20;

export const bounds = {
	/** The range of the index's 28-bit offsets, and the most that depmod writes. Debian's largest has 1.3 MiB. */
	index: { bytes: 256 * MIB, kind: "an index" },
	/** modprobe.d, depmod.d, modules.softdep, modules.weakdep. The largest in Debian's packages has some 10 KiB. */
	configuration: { bytes: 16 * MIB, kind: "a configuration file" },
	/** hotplugd.toml and files of policy rules, which people write. */
	settings: { bytes: MIB, kind: "a file of settings or rules" },
	/**
	 * modules.order, modules.builtin, modules.builtin.modinfo, modules.devname. Lines about 65,534 modules, kmod's maximum,
	 * have some 8 MiB.
	 */
	kernelBuild: { bytes: 16 * MIB, kind: "a list of a kernel's build" },
	/** Module.symvers, System.map, /proc/kallsyms: up to 30 MiB for a kernel with everything built in and all debugging. */
	symbols: { bytes: 256 * MIB, kind: "a list of symbols" },
	/**
	 * /proc/modules: each line names all modules that use the module, so the file may grow beyond the size of the names alone.
	 */
	loadedModules: { bytes: 64 * MIB, kind: "a list of loaded modules" },
	/**
	 * Small files of the kernel and of udev: attributes of a page, /proc/cmdline (COMMAND_LINE_SIZE, 64 KiB at most), udev's
	 * database.
	 */
	small: { bytes: MIB, kind: "an attribute or record" },
	/** One attribute of sysfs: a page, 64 KiB on the machines with the largest pages. */
	attribute: { bytes: 64 * KIB, kind: "an attribute" },
	/** /dev/kmsg, or a copy. Most kernels keep 256 KiB to 1 MiB, which each record's header and escapes make longer. */
	kernelLog: { bytes: 16 * MIB, kind: "a kernel's log" },
	/** /proc/self/mountinfo: a machine of containers has thousands of lines, each of some hundred bytes. */
	mounts: { bytes: 16 * MIB, kind: "a list of mounts" },
	/** The text files in which package managers keep what is installed. dpkg's largest has some 5 MiB. */
	packages: { bytes: 64 * MIB, kind: "a list of packages or of their files" },
	/** pci.ids and usb.ids. The larger of Debian's has 1.3 MiB. */
	hardwareNames: { bytes: 16 * MIB, kind: "a list of hardware names" },
	/** A log of the agent, or of coldplug: a record has some 300 bytes, so that this is a million of them. */
	log: { bytes: 256 * MIB, kind: "a log" },
	/** A timeline that --timeline wrote, as long as an answer of the agent may be. One of 2,000 modules has some 2 MiB. */
	timeline: { bytes: 16 * MIB, kind: "a timeline", named: true },
	/**
	 * The kernel's own limit (kernel_read_file's INT_MAX), compressed or not. The largest of Debian's debug packages, amdgpu,
	 * has 340 MiB.
	 */
	module: { bytes: 2 ** 31 - 1, kind: "a module" },
} as const satisfies Readonly<Record<string, Bound>>;

/** Names in one directory: four times kmod's maximum of modules. */
export const MOST_NAMES = 2 ** 18;
/** Names in a whole tree. A larger tree is no tree of modules: links that form cycles make any tree endless. */
export const MOST_NAMES_IN_ALL = 2 ** 20;
/** Names in all directories that a check visits, each once: a dozen times as many as Debian's kernel has. */
export const MOST_NAMES_CHECKED = 2 ** 16;

/**
 * Parts of a compressed file: streams and blocks (xz), frames (zstd) or members (gzip), each of which takes memory. Three times
 * as many as the largest of Debian's debug packages would have in pieces of 64 KiB, as bgzip makes them.
 */
export const MOST_PARTS = 2 ** 14;

/**
 * Bytes: the largest window of a zstd frame, and dictionary of an xz block, that is decoded, unless the content is smaller.
 * These are the default limit of zstd(1) and the dictionary of xz -9.
 */
export const LARGEST_WINDOW_BYTES = 128 * MIB;
export const LARGEST_DICTIONARY_BYTES = 64 * MIB;

/** A size for people, such as "16 MiB", or "2 GiB" for one byte less. */
export function formatBytes(bytes: number): string {
	if (bytes >= 2 ** 30) return `${Math.ceil(bytes / 2 ** 30)} GiB`;
	return bytes >= MIB ? `${Math.ceil(bytes / MIB)} MiB` : `${Math.ceil(bytes / KIB)} KiB`;
}

/** A clause for a message about a file. */
export function explainTooLarge({ bytes, kind }: Bound): string {
	return `it is larger than ${formatBytes(bytes)}, the limit for ${kind}`;
}
