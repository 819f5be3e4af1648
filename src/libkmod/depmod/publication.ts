// How depmod's files come to be there as a set: in which order they take their names, and what they are called until then. Whatever
// a kill or a loss of power leaves is then a mixture that does no harm: with a new modules.dep, what names a module that has
// gone finds none, as its file is not there either; the other way round a file that is there would not be found, or be inserted
// without what it needs by now.

/** What others refer to comes first: files, then what they need beside their dependencies, then the names that lead to them. */
const ORDER: readonly string[] = [
	...["modules.dep", "modules.dep.bin", "modules.builtin.bin", "modules.builtin.alias.bin"],
	...["modules.softdep", "modules.weakdep", "modules.symbols", "modules.symbols.bin"],
	...["modules.alias", "modules.alias.bin", "modules.devname"],
];

/** The names in the order in which the files are to take them; those that are not depmod's come last. */
export function inOrderOfPublication(names: Iterable<string>): string[] {
	const placeOf = (name: string): number => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
	return [...names].sort((one, other) => placeOf(one) - placeOf(other));
}

/** The end of a file's name that is to be there, and of the second name of the one that was there. */
export const DRAFT_END = ".new";
export const KEPT_END = ".old";

/** With the process's number, as hotplugd named them first; and hidden, with digits by chance. */
const DRAFT = /^(?:modules\.[a-z.]+\.[0-9]+|\.modules\.[a-z.]+\.[0-9a-f]{24})\.(?:new|old)$/;

/** Whether it is there only while depmod writes its files, or since it was kept from ending that. */
export const isDraft = (name: string): boolean => DRAFT.test(name);

/** Parts of a second: of all times that a clock tells, one in millions is a whole number of them. */
const PARTS = 64n;
const SECOND = 1_000_000_000n;

/**
 * The time that all files of one run bear, by which they are told from those of another: somewhat before the time that the file
 * system's clock told, so that no module that came later is older; and never a whole second, to which other programs round.
 * @param now nanoseconds since 1970. @returns seconds, which a number holds as they are
 */
export function timeOfRun(now: bigint): number {
	const parts = (now * PARTS) / SECOND;
	return Number(parts % PARTS === 0n ? parts - 1n : parts) / Number(PARTS);
}

/** Whether a file that was last written then is of such a run. */
export const isTimeOfRun = (modified: bigint): boolean =>
	modified % SECOND !== 0n && modified % (SECOND / PARTS) === 0n;

/** What each run of depmod makes, whichever depmod it is: of the others an older one leaves what a newer one has made. */
export const ALWAYS_MADE: readonly string[] = ORDER.filter(
	(name) => name !== "modules.weakdep" && name !== "modules.builtin.alias.bin",
);
