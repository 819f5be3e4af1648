// A module's symbols as lists: libkmod's symbols, versions and dependency symbols. symbol-walk.ts walks the file and gives
// offsets.

import { type Elf, stringAt } from "./elf.js";
import { type VisitSymbol, visitExports, visitUndefined, visitVersions } from "./symbol-walk.js";

/** `bind` as in nm(1): L local, G global, W weak, U undefined. `crc` is the checksum, 0 when there is none. */
export type ModuleSymbol = { readonly name: string; readonly crc: number; readonly bind: "L" | "G" | "W" | "U" };

const BINDS = ["L", "G", "W"] as const;
const STB_WEAK = 2;

/** The symbols that a module exports. Undefined when the module has no list of exports. @throws {MalformedModule} */
export function exportedSymbols(elf: Elf): ModuleSymbol[] | undefined {
	const symbols: ModuleSymbol[] = [];
	const listed = visitExports(elf, (at, limit, crc, bind) => {
		symbols.push({ name: stringAt(elf.image, at, limit), crc, bind: BINDS[bind] ?? "U" });
	});
	return listed ? symbols : undefined;
}

/**
 * The symbols that a module was built against, with their checksums at that time. Undefined when the module has no such list.
 * @throws {MalformedModule}
 */
export function symbolVersions(elf: Elf): ModuleSymbol[] | undefined {
	const versions = readVersions(elf);
	// PowerPC puts a dot before the names of functions.
	return versions && [...versions].map(([name, crc]) => ({ name: name.replace(/^\./, ""), crc, bind: "U" }));
}

// Extended versions that repeat a name of the other list are left out.
function readVersions(elf: Elf): Map<string, number> | undefined {
	const versions = new Map<string, number>();
	const add: VisitSymbol = (at, limit, crc) => {
		const name = stringAt(elf.image, at, limit);
		if (!versions.has(name)) versions.set(name, crc);
	};
	return visitVersions(elf, add) ? versions : undefined;
}

/**
 * The symbols that a module needs: its undefined symbols, then those of which it has only a version. Undefined when the module
 * has no symbol table.
 * @throws {MalformedModule}
 */
export function dependencySymbols(elf: Elf): ModuleSymbol[] | undefined {
	const versions = readVersions(elf) ?? new Map<string, number>();
	const symbols: ModuleSymbol[] = [];
	const listed = visitUndefined(elf, (at, limit, _crc, bind) => {
		const name = stringAt(elf.image, at, limit);
		symbols.push({ name, crc: versions.get(name) ?? 0, bind: bind === STB_WEAK ? "W" : "U" });
	});
	for (const { name } of symbols) versions.delete(name);
	const others = [...versions].map(([name, crc]): ModuleSymbol => ({ name, crc, bind: "U" }));
	return listed ? [...symbols, ...others] : undefined;
}
