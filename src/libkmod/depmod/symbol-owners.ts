// Who exports what: depmod's table of symbols, by the numbers that the modules' digests have for them.

import type { KernelSymbols } from "../formats/kernel-symbols.js";
import type { ModuleDigest } from "./module-digest.js";
import type { SymbolNames } from "./symbol-names.js";

/** Nobody exports the symbol. */
export const UNKNOWN = -2;
/** The kernel itself exports it. */
export const KERNEL = -1;

export type SymbolOwners = {
	/** For each symbol that a module needs the one that it means by it. */
	readonly meant: Uint32Array;
	/** For each symbol the position of the module that exports it, of several the last; or KERNEL, or UNKNOWN. */
	readonly owners: Int32Array;
	readonly crcs: Float64Array;
};

// Every module has the one, and PowerPC's compilers make the other: neither is anybody's export.
const NOBODYS = ["__this_module", "TOC."];

/** `prefix` is a character that the machine's compilers put in front of every name, or empty. */
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
