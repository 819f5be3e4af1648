// The digest of a module: the data that depmod keeps once it has read the file, namely symbol numbers and a few strings of
// `.modinfo`. A digest refers to no byte of the image, so one buffer can be reused for reading every module of a tree.

import { type Elf, MalformedModule, parseElf, type ReadRange } from "../formats/elf.js";
import { modinfoStrings, parseModinfoString } from "../formats/modinfo.js";
import { type VisitSymbol, visitExports, visitUndefined, visitVersions } from "../formats/symbol-walk.js";
import { normaliseModuleName } from "../text/module-name.js";
import type { SymbolNames } from "./symbol-names.js";

/** Symbols by their numbers in the SymbolNames of the digests, each with its checksum (0 where the module has none). */
export type DigestSymbols = { readonly symbols: readonly number[]; readonly crcs: readonly number[] };

export type ModuleDigest = {
	/**
	 * The path as modules.dep will have it: relative to the module directory, or absolute outside of it. One character per
	 * byte.
	 */
	readonly path: string;
	/** The module's normalised name. */
	readonly name: string;
	readonly exports: DigestSymbols;
	readonly needs: DigestSymbols;
	/** Needed symbols that may stay unresolved. */
	readonly weak: readonly number[];
	/** Values of `.modinfo`, one character per byte. */
	readonly aliases: readonly string[];
	readonly softdeps: readonly string[];
	readonly weakdeps: readonly string[];
	/** Why the file, or a part of it, could not be parsed. Such a module stays in the indexes with its other data. */
	readonly malformed: { readonly reason: string; readonly detail: string | undefined } | undefined;
};

const STB_WEAK = 2;

/** Makes digests whose symbols are numbers of one SymbolNames. */
export class ModuleDigester {
	readonly names: SymbolNames;
	/**
	 * Per symbol: its place among the needs of the current module, plus `#base`. A smaller number belongs to an earlier module.
	 */
	#places: number[] = [];
	#base = 0;

	constructor(names: SymbolNames) {
		this.names = names;
	}

	/** Reads the digest of one module. Never throws for the contents of the image: only errors of `load` pass. */
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

	// Reads the undefined symbols in file order, then the symbols that only the versions name, in the order of libkmod's
	// dependency symbols.
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

/** The digest of a module that could not be read. @param reason the text of strerror(3), or a more exact one */
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
