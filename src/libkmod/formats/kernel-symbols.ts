// The symbols that the kernel itself exports, from the two files its build leaves: System.map (nm's output, where
// `__ksymtab_NAME` stands for an export) and Module.symvers (checksum, name, owner, kind, between blanks).

import type { Problem } from "../kernel/kernel.js";

/** Checksums by name; 0 where the file has none. */
export type KernelSymbols = ReadonlyMap<string, number>;

/** Parses System.map: three words a line, address, type and name. */
export function parseSystemMap(file: string, text: string, prefix = ""): { value: KernelSymbols; problems: Problem[] } {
	const value = new Map<string, number>();
	const problems: Problem[] = [];
	for (const [index, line] of text.replace(/\n$/, "").split("\n").entries()) {
		const name = /^[^ ]+ [^ ]+ (.*)$/.exec(line)?.[1];
		if (name === undefined) problems.push({ file, line: index + 1, message: `invalid line: ${line}` });
		const bare = name?.startsWith(prefix) ? name.slice(prefix.length) : name;
		if (bare?.startsWith("__ksymtab_")) value.set(bare.slice("__ksymtab_".length), 0);
	}
	return { value, problems };
}

/** Parses Module.symvers. Takes only the symbols of vmlinux: those of modules come from the module files. */
export function parseSymvers(file: string, text: string): { value: KernelSymbols; problems: Problem[] } {
	const value = new Map<string, number>();
	const problems: Problem[] = [];
	for (const [index, line] of text.split("\n").entries()) {
		const [crc, name, owner, kind] = line.split(/[ \t]+/);
		if (owner !== "vmlinux" || kind === undefined) continue;
		if (/^0x[0-9a-f]+$/i.test(crc!)) value.set(name!, Number(crc));
		else problems.push({ file, line: index + 1, message: `${crc} is not a checksum` });
	}
	return { value, problems };
}
