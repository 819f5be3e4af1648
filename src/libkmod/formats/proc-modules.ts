// /proc/modules, as proc_modules(5) describes it: the loaded modules, the one inserted last first. A line is such as
// `usb_storage 86016 1 uas,usblp, Live 0xffffffffc03f4000 (OE)`.

/** The state of a module: "live" is running, the init of "coming" has not returned yet, "going" is being removed. */
export type ModuleState = "live" | "coming" | "going";

export type LoadedModule = {
	readonly module: string;
	/** Bytes of memory. */
	readonly size: number;
	/** The reference count of all users. Always 0 on a kernel that cannot unload modules and so counts none. */
	readonly references: number;
	/** Modules that need this one. */
	readonly holders: readonly string[];
	readonly state: ModuleState;
	/** The address in hexadecimal, as shown; 0x0000000000000000 for readers without permission (kptr_restrict). */
	readonly address?: string;
};

const states: ReadonlyMap<string, ModuleState> = new Map([
	["Live", "live"],
	["Loading", "coming"],
	["Unloading", "going"],
]);

/** Parses the file. Lines that describe no module are ignored. */
export function parseProcModules(text: string): LoadedModule[] {
	return text.split("\n").flatMap((line) => parseLine(line) ?? []);
}

/** The names of the live modules only, for frequent polling at a fraction of the cost. */
export function listLiveNames(text: string): Set<string> {
	const names = new Set<string>();
	// A carriage return ends a line for a regular expression, but is an ordinary byte in this file.
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

/** Parses the list of holders, which ends in a comma. It has `[permanent]` for a module with an init but no exit. */
function parseHolders(list: string): string[] {
	return list === "-" ? [] : list.split(",").filter((name) => name !== "" && name !== "[permanent]");
}

function isCount(text: string | undefined): text is string {
	return text !== undefined && /^\d{1,15}$/.test(text);
}
