// The publication of depmod's files as a set: the order in which the files are renamed into place, and their names until then.
// A kill or a power loss then leaves a harmless mixture. With a new modules.dep, an old alias may name a removed module, which
// is not found, just as its file does not exist. In the opposite order, a module whose file exists might not be found, or might
// be inserted without its current dependencies.

/**
 * Files that others refer to come first: the indexes of module files (modules.dep and those of built-in modules), then softdeps
 * and symbols, then the aliases that lead to modules.
 */
const ORDER: readonly string[] = [
	...["modules.dep", "modules.dep.bin", "modules.builtin.bin", "modules.builtin.alias.bin"],
	...["modules.softdep", "modules.weakdep", "modules.symbols", "modules.symbols.bin"],
	...["modules.alias", "modules.alias.bin", "modules.devname"],
];

/** The names in the order in which the files are renamed into place. Names that are not depmod's come last. */
export function inOrderOfPublication(names: Iterable<string>): string[] {
	const placeOf = (name: string): number => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
	return [...names].sort((one, other) => placeOf(one) - placeOf(other));
}

/** The suffix of a draft, and the suffix of the second name of the old file. */
export const DRAFT_END = ".new";
export const KEPT_END = ".old";

/** Draft names: with a process id, as in the first versions of hotplugd, or hidden with random digits. */
const DRAFT = /^(?:modules\.[a-z.]+\.[0-9]+|\.modules\.[a-z.]+\.[0-9a-f]{24})\.(?:new|old)$/;

/** Whether a file is a draft: it exists while depmod writes its files, or after depmod was interrupted. */
export const isDraft = (name: string): boolean => DRAFT.test(name);

/** Parts of a second: of all times of a clock, one in millions is a whole number of these parts. */
const PARTS = 64n;
const SECOND = 1_000_000_000n;

/**
 * The modification time for all files of one run, which tells the run from others. The time is slightly earlier than the file
 * system's clock, so that no module that came later is older. The time is never a whole second, since other programs round to
 * seconds.
 * @param now nanoseconds since 1970
 * @returns seconds, exactly representable as a number
 */
export function timeOfRun(now: bigint): number {
	const parts = (now * PARTS) / SECOND;
	return Number(parts % PARTS === 0n ? parts - 1n : parts) / Number(PARTS);
}

/** Whether a modification time was made by timeOfRun. */
export const isTimeOfRun = (modified: bigint): boolean =>
	modified % SECOND !== 0n && modified % (SECOND / PARTS) === 0n;

/**
 * The files that every version of depmod writes in each run. An older depmod leaves the other files as a newer one has made
 * them.
 */
export const ALWAYS_MADE: readonly string[] = ORDER.filter(
	(name) => name !== "modules.weakdep" && name !== "modules.builtin.alias.bin",
);
