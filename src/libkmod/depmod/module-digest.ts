// What depmod keeps of a module once it has been read: numbers of symbols, and a few strings of `.modinfo`. A digest holds
// on to no byte of the image, so one buffer can serve for reading every module of a tree in turn.

import { type Elf, MalformedModule, parseElf, type ReadRange } from "../formats/elf.js";
import { modinfoStrings, parseModinfoString } from "../formats/modinfo.js";
import { type VisitSymbol, visitExports, visitUndefined, visitVersions } from "../formats/symbol-walk.js";
import { normaliseModuleName } from "../text/module-name.js";
import type { SymbolNames } from "./symbol-names.js";

/** Symbols by their numbers in the SymbolNames of the digests, each with its checksum (0 where the module has none). */
export type DigestSymbols = { readonly symbols: readonly number[]; readonly crcs: readonly number[] };

export type ModuleDigest = {
	/** As modules.dep is to have it: relative to the module directory, or absolute outside it; one character per byte. */
	readonly path: string;
	/** The module's normalised name. */
	readonly name: string;
	readonly exports: DigestSymbols;
	readonly needs: DigestSymbols;
	/** Those needs that may stay without an owner. */
	readonly weak: readonly number[];
	/** Values of `.modinfo`, one character per byte. */
	readonly aliases: readonly string[];
	readonly softdeps: readonly string[];
	readonly weakdeps: readonly string[];
	/** Why (a part of) the file could not be understood. Such a module stays in the indexes with the rest. */
	readonly malformed: { readonly reason: string; readonly detail: string | undefined } | undefined;
};

const STB_WEAK = 2;

/** Makes digests whose symbols are numbers of one SymbolNames. */
export class ModuleDigester {
	readonly names: SymbolNames;
	/** For each symbol its place among the needs of the module at hand, plus `#base`: smaller is another module's. */
	#places: number[] = [];
	#base = 0;

	constructor(names: SymbolNames) {
		this.names = names;
	}

	/**
	 * Reads what depmod wants of one module, by its path. Never throws for what the image holds, only what `load`
	 * throws.
	 */
	digest(path: string, image: Buffer, load?: ReadRange): ModuleDigest {
		const digest = emptyDigest(path);
		try {
			const elf = parseElf(image, load);
			this.#readExports(elf, digest.exports);
			readModinfo(elf, digest);
			this.#readNeeds(elf, digest.needs, digest.weak);
		} catch (error) {
			if (!(error instanceof MalformedModule)) throw error;
			digest.malformed = { reason: error.reason, detail: error.message };
		}
		return digest;
	}

	#readExports(elf: Elf, { symbols, crcs }: { symbols: number[]; crcs: number[] }): void {
		const { names } = this;
		visitExports(elf, (at, limit, crc) => {
			symbols.push(names.number(elf.image, at, limit));
			crcs.push(crc);
		});
	}

	// The undefined symbols in file order, then what only the versions name, as libkmod's dependency symbols have it.
	#readNeeds(elf: Elf, { symbols, crcs }: { symbols: number[]; crcs: number[] }, weak: number[]): void {
		const { names } = this;
		const places = this.#places;
		const base = this.#base;
		const add = (symbol: number, crc: number) => {
			while (places.length <= symbol) places.push(-1);
			places[symbol] = base + symbols.push(symbol) - 1;
			crcs.push(crc);
		};
		const addUndefined: VisitSymbol = (at, limit, crc, bind) => {
			const symbol = names.number(elf.image, at, limit);
			add(symbol, crc);
			if (bind === STB_WEAK) weak.push(symbol);
		};
		const addVersion: VisitSymbol = (at, limit, crc) => {
			const symbol = names.number(elf.image, at, limit);
			const place = symbol < places.length ? places[symbol]! - base : -1;
			if (place < 0) add(symbol, crc);
			else crcs[place] = crc;
		};
		try {
			if (visitUndefined(elf, addUndefined)) visitVersions(elf, addVersion);
		} finally {
			this.#base += symbols.length;
		}
	}
}

function readModinfo(elf: Elf, lists: { aliases: string[]; softdeps: string[]; weakdeps: string[] }): void {
	for (const string of modinfoStrings(elf) ?? []) {
		const { key, value } = parseModinfoString(string);
		if (key === "alias") lists.aliases.push(value);
		else if (key === "softdep") lists.softdeps.push(value);
		else if (key === "weakdep") lists.weakdeps.push(value);
	}
}

/** The digest of a module that could not be read. @param reason as strerror(3) has it, or more exactly. */
export function digestOfUnreadable(path: string, reason: string): ModuleDigest {
	return { ...emptyDigest(path), malformed: { reason, detail: undefined } };
}

function emptyDigest(path: string) {
	return {
		path,
		name: normaliseModuleName(path),
		exports: { symbols: [] as number[], crcs: [] as number[] },
		needs: { symbols: [] as number[], crcs: [] as number[] },
		weak: [] as number[],
		aliases: [] as string[],
		softdeps: [] as string[],
		weakdeps: [] as string[],
		malformed: undefined as ModuleDigest["malformed"],
	};
}
