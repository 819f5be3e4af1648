// The owner of each symbol: depmod's table of exported symbols, by the symbol numbers of the modules' digests.

import type { KernelSymbols } from "../formats/kernel-symbols.js";
import type { ModuleDigest } from "./module-digest.js";
import type { SymbolNames } from "./symbol-names.js";

/** Nothing exports the symbol. */
export const UNKNOWN = -2;
/** The kernel itself exports the symbol. */
export const KERNEL = -1;

export type SymbolOwners = {
	/** Per needed symbol: the symbol it refers to, without the prefixes of compilers. */
	readonly meant: Uint32Array;
	/** Per symbol: the position of the module that exports it (the last, if several do), or KERNEL, or UNKNOWN. */
	readonly owners: Int32Array;
	readonly crcs: Float64Array;
};

// Every module has `__this_module`, and PowerPC's compilers make `TOC.`: no module exports either.
const NOBODYS = ["__this_module", "TOC."];

/** Finds the owners. @param prefix a character that the machine's compilers put before every name, or "" */
export function findOwners(
	modules: readonly ModuleDigest[],
	names: SymbolNames,
	kernel: KernelSymbols,
	prefix: string,
): SymbolOwners {
	const known = names.count;
	const fromKernel = [...NOBODYS.map((name) => [name, 0] as const), ...kernel];
	const kernelSymbols = fromKernel.map(([name, crc]) => ({ symbol: names.numberOf(name), crc }));
	const meant = mapSymbols(names, known, (name) => withoutPrefix(withoutPrefix(name, "."), prefix));
	const exported = prefix === "" ? undefined : mapSymbols(names, known, (name) => withoutPrefix(name, prefix));
	const owners = new Int32Array(names.count).fill(UNKNOWN);
	const crcs = new Float64Array(names.count);
	for (const { symbol, crc } of kernelSymbols) {
		owners[symbol] = KERNEL;
		crcs[symbol] = crc;
	}
	for (const [module, { exports }] of modules.entries()) {
		for (const [place, symbol] of exports.symbols.entries()) {
			const bare = exported?.[symbol] ?? symbol;
			owners[bare] = module;
			crcs[bare] = exports.crcs[place]!;
		}
	}
	return { meant, owners, crcs };
}

function withoutPrefix(name: string, prefix: string): string {
	return prefix !== "" && name.startsWith(prefix) ? name.slice(prefix.length) : name;
}

function mapSymbols(names: SymbolNames, count: number, bare: (name: string) => string): Uint32Array {
	return Uint32Array.from({ length: count }, (_, symbol) => {
		const name = names.nameOf(symbol);
		const bareName = bare(name);
		return bareName === name ? symbol : names.numberOf(bareName);
	});
}
