// Where in an archive the root of the machine lies: tar puts in front of its names whatever its call had, such as "./", "sys/",
// "copy/sys/" or "sosreport-host/". Pure.

import type { TarEntry } from "./tar-entries.js";

/** How names of an archive become paths of the machine. */
export type ArchiveRoot = {
	/** What stands in front of the machine's root, with a slash at its end, or "". */
	readonly prefix: string;
	/** What is put in its place: "/", or "/sys/" when the archive holds the inside of /sys alone. */
	readonly mountedAt: string;
};

// Linux's PATH_MAX.
const LONGEST_PATH = 4096;

/**
 * A name without "./", doubled slashes and slashes at its ends, so that "" is the archive's own root. Undefined for a name that
 * leads out of the archive by "..", and for one that no path on Linux can have.
 */
export function plainName(name: string): string | undefined {
	if (name.length > LONGEST_PATH || name.includes("\0")) return undefined;
	const parts = name.split("/").filter((part) => part !== "" && part !== ".");
	return parts.includes("..") ? undefined : parts.join("/");
}

/**
 * Finds the root by the attributes of devices, and else by names that only a root has. Undefined when the archive has neither.
 * @param names of the archive's files, plain
 */
export function findArchiveRoot(names: Iterable<string>): ArchiveRoot | undefined {
	const votes = new Map<string, number>();
	let other: ArchiveRoot | undefined;
	for (const name of names) {
		const [found, above] = /^(.*?)(?:^|(?<=\/))devices\/.*(?:^|\/)(?:uevent|modalias)$/s.exec(name) ?? [];
		if (found !== undefined) votes.set(above!, (votes.get(above!) ?? 0) + 1);
		else other ??= rootByName(name);
	}
	const [best] = [...votes].sort(([, one], [, two]) => two - one)[0] ?? [];
	if (best === undefined) return other;
	const [inside, prefix] = /^(|.*\/)sys\/$/s.exec(best) ?? [];
	return inside === undefined ? { prefix: best, mountedAt: "/sys/" } : { prefix: prefix!, mountedAt: "/" };
}

/** A sosreport has the machine's files below a directory of its own, and the output of udevadm in place of /sys/devices. */
function rootByName(name: string): ArchiveRoot | undefined {
	const [found, prefix] = /^(|.*?\/)(?:sos_commands|proc\/(?:modules|cmdline)$|etc\/modprobe\.d)/s.exec(name) ?? [];
	return found === undefined ? undefined : { prefix: prefix!, mountedAt: "/" };
}

/** The absolute path on the machine. Undefined for what lies outside its root. @param name plain */
export function machinePath({ prefix, mountedAt }: ArchiveRoot, name: string): string | undefined {
	return name.startsWith(prefix) ? mountedAt + name.slice(prefix.length) : undefined;
}

/** The files of an archive, as names for findArchiveRoot. */
export function* plainNames(entries: Iterable<TarEntry>): Generator<string> {
	for (const { name, kind } of entries) {
		const plain = kind === "file" || kind === "hard link" ? plainName(name) : undefined;
		if (plain !== undefined) yield plain;
	}
}
