// A module's symbols as lists: libkmod's symbols, versions and dependency symbols. The walk over the file gives offsets.

import { type Elf, stringAt } from "./elf.js";
import { type VisitSymbol, visitExports, visitUndefined, visitVersions } from "./symbol-walk.js";

/** `bind` as nm(1) has it: L local, G global, W weak, U undefined. `crc` is the checksum, 0 where there is none. */
export type ModuleSymbol = { readonly name: string; readonly crc: number; readonly bind: "L" | "G" | "W" | "U" };

const BINDS = ["L", "G", "W"] as const;
const STB_WEAK = 2;

/** What a module exports; undefined where it has no list of exports. @throws {MalformedModule} */
export function exportedSymbols(elf: Elf): ModuleSymbol[] | undefined {
	const symbols: ModuleSymbol[] = [];
	const listed = visitExports(elf, (at, limit, crc, bind) => {
		symbols.push({ name: stringAt(elf.image, at, limit), crc, bind: BINDS[bind] ?? "U" });
	});
	return listed ? symbols : undefined;
}

/** The symbols a module was built against, with their checksums then; undefined without a list. @throws {MalformedModule} */
export function symbolVersions(elf: Elf): ModuleSymbol[] | undefined {
	const versions = readVersions(elf);
	// PowerPC puts a dot in front of the names of functions.
	return versions && [...versions].map(([name, crc]) => ({ name: name.replace(/^\./, ""), crc, bind: "U" }));
}

// What the extended versions repeat of the others is left out.
function readVersions(elf: Elf): Map<string, number> | undefined {
	const versions = new Map<string, number>();
	const add: VisitSymbol = (at, limit, crc) => {
		const name = stringAt(elf.image, at, limit);
		if (!versions.has(name)) versions.set(name, crc);
	};
	return visitVersions(elf, add) ? versions : undefined;
}

/**
 * What a module needs: its undefined symbols, then those it has only a version of. Undefined where it has no symbol
 * table. @throws {MalformedModule}
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
