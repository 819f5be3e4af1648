// /proc/modules, as proc_modules(5) describes it: the modules the kernel has, the one inserted last first. Such as
// `usb_storage 86016 1 uas,usblp, Live 0xffffffffc03f4000 (OE)`.

/** What the kernel is doing with a module: it runs, its init has not returned yet, or it is being removed. */
export type ModuleState = "live" | "coming" | "going";

export type LoadedModule = {
	readonly module: string;
	/** Bytes of memory. */
	readonly size: number;
	/** By whom ever; 0 too on a kernel that counts none, as it cannot unload modules. */
	readonly references: number;
	/** Modules that need this one. */
	readonly holders: readonly string[];
	readonly state: ModuleState;
	/** In hexadecimal, as shown; 0x0000000000000000 to those who are not to know. */
	readonly address?: string;
};

const states: ReadonlyMap<string, ModuleState> = new Map([
	["Live", "live"],
	["Loading", "coming"],
	["Unloading", "going"],
]);

/** Lines that are none of a module are passed over. */
export function parseProcModules(text: string): LoadedModule[] {
	return text.split("\n").flatMap((line) => parseLine(line) ?? []);
}

/** The names alone of the modules that are live: for whoever asks again and again, at a fraction of the cost. */
export function listLiveNames(text: string): Set<string> {
	const names = new Set<string>();
	// To a regular expression a carriage return ends a line, too: here it is a byte like any other.
	for (const { 1: name, index } of text.matchAll(LIVE_LINE)) if (text[index - 1] !== "\r") names.add(name!);
	return names;
}

const LIVE_LINE = /^([^ \n]+) \d{1,15} (?:-|\d{1,15}) [^ \n]* Live(?![^ \n])/gm;

function parseLine(line: string): LoadedModule | undefined {
	const [module, size, references, holders, shown, address] = line.split(" ");
	const state = states.get(shown ?? "");
	if (!module || !isCount(size) || !(references === "-" || isCount(references)) || state === undefined)
		return undefined;
	return {
		module,
		size: Number(size),
		references: references === "-" ? 0 : Number(references),
		holders: parseHolders(holders ?? "-"),
		state,
		...(address !== undefined && /^0x[0-9a-f]+$/i.test(address) && { address }),
	};
}

/** The list ends in a comma. `[permanent]` stands in it for a module that has an init and no exit. */
function parseHolders(list: string): string[] {
	return list === "-" ? [] : list.split(",").filter((name) => name !== "" && name !== "[permanent]");
}

function isCount(text: string | undefined): text is string {
	return text !== undefined && /^\d{1,15}$/.test(text);
}
