// modules.builtin.modinfo, which the kernel's build writes: `module.key=value` strings, each ended by a NUL, of all modules
// that are part of the kernel. One byte is one character (latin1).

import { type ModinfoEntry, parseModinfoString, splitAtNuls } from "./modinfo.js";

/** One string of the file, with the module's name. */
export type BuiltinModinfoEntry = ModinfoEntry & { readonly module: string };

/** All strings in file order. A string without a dot names no module and is left out. */
export function parseBuiltinModinfo(bytes: Buffer): BuiltinModinfoEntry[] {
	return splitAtNuls(bytes.toString("latin1")).flatMap((string) => {
		const dot = string.indexOf(".");
		if (dot === -1) return [];
		return [{ module: string.slice(0, dot), ...parseModinfoString(string.slice(dot + 1)) }];
	});
}

/** The strings of one module, by its normalised name. Many built-in modules have none. */
export function builtinModuleInfo(bytes: Buffer, module: string): ModinfoEntry[] {
	const entries = parseBuiltinModinfo(bytes).filter((entry) => entry.module === module);
	return entries.map(({ key, value }) => ({ key, value }));
}
