// depmod's binary indexes: searching, listing, checking and writing them.
import { checkIndexes } from "../../../../src/libkmod/check/check-indexes.js";
import { buildIndex, IndexEntries, UnwritableIndex } from "../../../../src/libkmod/formats/index-build.js";
import {
	findExact,
	type IndexEntry,
	type IndexFile,
	listEntries,
	MalformedIndex,
	openIndex,
} from "../../../../src/libkmod/formats/index-file.js";
import type { IndexMatch } from "../../../../src/libkmod/formats/index-matches.js";
import { findMatches } from "../../../../src/libkmod/formats/index-search.js";
import { indexNames } from "../../../../src/libkmod/knowledge/indexes.js";
import { matchesWildcard } from "../../../../src/libkmod/text/wildcard.js";
import type { Random } from "../../worlds/random-numbers.js";
import { encodeTrie } from "../../worlds/trie.js";
import { filesIn, moduleDirectory } from "../../worlds/world.js";
import { expect, expectSame, type Field, type FuzzFormat, latin1, type Verdict, verdict } from "../format.js";

type Entry = readonly [key: string, priority: number, value: string];

const pieces = ["pci:", "v0000", "8086", "d*", "sv", "sd", "*", "?", "[0-9]", "[!a-c]", "a", "b", "c", "ab", "_", "\\"];

function sampleEntries(random: Random): Entry[] {
	const keys = new Set(Array.from({ length: random.below(10) }, () => random.text(pieces, 1, 6)));
	return [...keys].flatMap((key) =>
		Array.from(
			{ length: random.below(8) === 0 ? 3 : 1 },
			(): Entry => [key, random.below(9), random.text("mnop_", 1, 6)],
		),
	);
}

/** An index whose nodes are in the order of today's depmod or of older ones, or as our depmod writes it. */
function sampleIndex(random: Random): Buffer {
	const entries = sampleEntries(random);
	const layout = random.below(3);
	if (layout < 2) return encodeTrie(entries, layout === 0);
	return Buffer.from(buildIndex(IndexEntries.of(entries.map(([key, priority, value]) => ({ key, priority, value })))));
}

/** Any four bytes may be an offset or a count; the four at 8 are the root's offset. */
function indexFields(input: Buffer): readonly Field[] {
	const fields: Field[] = [{ at: 8, size: 4, bigEndian: true }];
	for (let at = 12; at + 4 <= input.length && fields.length < 64; at++)
		// The offset of a node has one of the flags and lies within the file; a count is small.
		if ((input[at]! & 0x10) === 0 && input[at + 1] === 0 && input.readUInt16BE(at + 2) <= input.length)
			fields.push({ at, size: 4, bigEndian: true });
	return fields;
}

const refusing = (read: () => void): Verdict => {
	try {
		read();
		return "accepted";
	} catch (error) {
		if (error instanceof MalformedIndex) return "refused";
		throw error;
	}
};

function listAll(index: IndexFile): IndexEntry[] {
	const entries = [...listEntries(index)];
	expect(entries.length <= index.bytes.length, "more entries than bytes");
	return entries;
}

/** The key as kmod reads it: up to the first wildcard a backslash stands for itself. */
function asPattern(key: string): string {
	const wildcard = key.search(/[*?[]/);
	return (
		key.slice(0, wildcard < 0 ? undefined : wildcard).replaceAll("\\", "\\\\") +
		(wildcard < 0 ? "" : key.slice(wildcard))
	);
}

/** Whether every bracket is closed. depmod lets no other key into an index: our search need not agree with glibc on those. */
const isSound = (key: string): boolean => !/[[\]\\]/.test(key.replace(/\[!?[^[\]\\]+\]/g, ""));

const queryPieces = [...pieces, "1", "2", "pci:v00008086d", "z"];

const told = ({ pattern, value }: IndexMatch): string => `${pattern}\n${value}`;
const entryTold = ({ key, value }: IndexEntry): string => `${key}\n${value}`;

const search: FuzzFormat = {
	name: "index, searched",
	sources: [
		"src/libkmod/formats/index-file.ts",
		"src/libkmod/formats/index-search.ts",
		"src/libkmod/formats/index-matches.ts",
	],
	readers: ["readNode"],
	accepted: "answers as its own list of entries and fnmatch do",
	refused: "MalformedIndex",
	kind: "bytes",
	fields: indexFields,
	sound: 1,
	sample: sampleIndex,
	read(input, random) {
		return refusing(() => {
			const index = openIndex("x", input);
			let entries: readonly IndexEntry[] | undefined;
			refusing(() => {
				entries = listAll(index).filter(({ key }) => isSound(key));
			});
			for (let n = 0; n < 3; n++) {
				const query = random.text(queryPieces, 0, 5);
				const found = findMatches(index, query, true);
				expect(found.length <= input.length, "more matches than bytes");
				// As in kmod, a wildcard in the query also matches itself as a literal.
				if (entries === undefined || /[*?[]/.test(query)) continue;
				const ours = found.filter(({ pattern }) => isSound(pattern)).map(told);
				const listed = entries.filter(({ key }) => matchesWildcard(asPattern(key), query)).map(entryTold);
				expectSame(ours.sort(), listed.sort(), `matches of ${JSON.stringify(query)} differ`);
			}
		});
	},
	limits: [
		{
			bound: "a query's characters, of a key as long",
			n: 4095,
			make: (n) =>
				encodeTrie(
					[
						["*".padEnd(4, "a"), 0, "m"],
						["a".repeat(Math.min(n, 20)), 0, "m"],
					],
					true,
				),
			within: "accepted",
			beyond: "accepted",
		},
		{
			bound: "bytes of a header",
			n: 11,
			make: (n) => encodeTrie([], true).subarray(0, n),
			within: "refused",
			beyond: "accepted",
		},
	],
};

const walk: FuzzFormat = {
	name: "index, walked",
	sources: ["src/libkmod/formats/index-file.ts"],
	readers: ["readNode"],
	accepted: "every entry is listed once, is found by its key, and is the same when it is written anew",
	refused: "MalformedIndex",
	kind: "bytes",
	fields: indexFields,
	sound: 1,
	sample: sampleIndex,
	read(input) {
		return refusing(() => {
			const index = openIndex("x", input);
			const entries = listAll(index);
			const seen = new Set<string>();
			for (const { key, value } of entries) {
				if (seen.has(key)) continue;
				seen.add(key);
				expectSame(findExact(index, key), value, "the first value of a key differs");
			}
			expect(
				findExact(index, "no such key") === undefined || seen.has("no such key"),
				"a key that is not listed is found",
			);
		});
	},
	limits: [
		{
			bound: "a node's place",
			n: 4,
			make(n) {
				// The only node of four bytes of prefix, the root itself being its end.
				const bytes = encodeTrie([["a", 0, "m"]], true);
				bytes.writeUInt32BE((0x20000000 | (12 + n * 4)) >>> 0, 8);
				return bytes;
			},
			within: "refused",
			beyond: "refused",
		},
	],
};

const sound = encodeTrie(
	[
		["a", 0, "kernel/a.ko:"],
		["b", 1, "kernel/b.ko: kernel/a.ko"],
	],
	true,
);
const named = encodeTrie(
	[
		["pci:*", 0, "a"],
		["usb:*", 1, "b"],
	],
	true,
);

/** The index under test within a module directory whose other indexes are valid. */
const places = [
	indexNames.aliases,
	indexNames.symbols,
	indexNames.builtins,
	indexNames.builtinAliases,
	indexNames.dependencies,
];

const check: FuzzFormat = {
	name: "index, checked",
	sources: ["src/libkmod/check/check-indexes.ts"],
	readers: ["checkIndexes", "checkIndex"],
	accepted: "nothing is wrong with the directory's indexes",
	refused: "problems",
	kind: "bytes",
	fields: indexFields,
	sound: 3,
	sample: (random) =>
		random.below(2) === 0
			? Buffer.from(named)
			: encodeTrie(
					sampleEntries(random).map(([key, priority]) => [key, priority, random.pick("ab")]),
					true,
				),
	read(input, random) {
		const place = random.pick(places);
		const files = new Map<string, Buffer>();
		for (const name of places)
			files.set(`${moduleDirectory}/${name}`, name === indexNames.dependencies ? sound : named);
		files.set(`${moduleDirectory}/${place}`, input);
		for (const name of ["a", "b"]) files.set(`${moduleDirectory}/kernel/${name}.ko`, Buffer.alloc(0));
		const { problems, read } = checkIndexes(filesIn(files), moduleDirectory);
		expect(read.length <= places.length, "more files were read than there are");
		for (const { message } of problems)
			expect(message !== "" && !message.includes("undefined"), `a problem without words: ${message}`);
		return verdict(problems.length === 0);
	},
	limits: [],
};

/** No query is longer than this many bytes. */
const LONGEST_KEY_BYTES = 4095;

const build: FuzzFormat = {
	name: "index, written",
	sources: ["src/libkmod/formats/index-build.ts"],
	readers: [],
	accepted: "what is written is read as the same",
	refused: "UnwritableIndex: no ASCII, or a NUL; or a key is left out, which nothing would find",
	kind: "text",
	words: [...pieces, "\t", "\n", "\t7\t", "\xe9", "caf\xc3\xa9", "\0"],
	sound: 2,
	sample: (random) =>
		latin1(
			sampleEntries(random)
				.map((entry) => entry.join("\t"))
				.join("\n"),
		),
	read(input) {
		const entries = input
			.toString("latin1")
			.split("\n")
			.map((line) => line.split("\t"))
			.map(([key = "", priority = "", value = ""]) => ({ key, priority: Number.parseInt(priority, 10) >>> 0, value }));
		let bytes: Buffer;
		try {
			bytes = buildIndex(IndexEntries.of(entries));
		} catch (error) {
			if (error instanceof UnwritableIndex) return "refused";
			throw error;
		}
		// Of equal keys and priorities the later value comes first; sort() is stable.
		const kept = entries.filter(({ key }) => key.length <= LONGEST_KEY_BYTES);
		const wanted = kept.toReversed().sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.priority - b.priority));
		expectSame(listAll(openIndex("x", bytes)), wanted, "what was written is read otherwise");
		return verdict(kept.length === entries.length);
	},
	limits: [
		{
			bound: "characters of a key",
			n: LONGEST_KEY_BYTES,
			make: (n) => latin1(`${"a".repeat(n)}\t1\tm`),
			within: "accepted",
			beyond: "refused",
		},
		{
			bound: "the number of a character",
			n: 0x7f,
			make: (n) => latin1(`${String.fromCharCode(n)}\t1\tm`),
			within: "accepted",
			beyond: "refused",
		},
	],
};

export const indexFormats: readonly FuzzFormat[] = [search, walk, check, build];
