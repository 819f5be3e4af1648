// modules.builtin.modinfo, which the kernel's build writes: `module.key=value`, NUL behind each, of every module that is
// part of the kernel. One byte is one character (latin1).

import { type ModinfoEntry, parseModinfoString, splitAtNuls } from "./modinfo.js";

/** One string of the file, with the module it is about. */
export type BuiltinModinfoEntry = ModinfoEntry & { readonly module: string };

/** All strings in file order. One without a dot is about no module and is left out. */
export function parseBuiltinModinfo(bytes: Buffer): BuiltinModinfoEntry[] {
	return splitAtNuls(bytes.toString("latin1")).flatMap((string) => {
		const dot = string.indexOf(".");
		if (dot === -1) return [];
		return [{ module: string.slice(0, dot), ...parseModinfoString(string.slice(dot + 1)) }];
	});
}

/** What the file says of one module, by its normalised name: of many that are built in it says nothing. */
export function builtinModuleInfo(bytes: Buffer, module: string): ModinfoEntry[] {
	const entries = parseBuiltinModinfo(bytes).filter((entry) => entry.module === module);
	return entries.map(({ key, value }) => ({ key, value }));
}
