import test from "ava";
import { findExact, listEntries, MalformedIndex, openIndex } from "../../../src/libkmod/formats/index-file.js";
import { findMatches } from "../../../src/libkmod/formats/index-search.js";
import { matchesWildcard } from "../../../src/libkmod/text/wildcard.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";
import { encodeTrie } from "../../support/worlds/trie.js";

const read = (entries: readonly (readonly [string, number, string])[], rootFirst = true) =>
	openIndex("modules.test.bin", encodeTrie(entries, rootFirst));

for (const rootFirst of [true, false]) {
	const order = rootFirst ? "root first" : "root last";

	test(`an exact key is found in an index written ${order}`, (t) => {
		const index = read(
			[
				["ext4", 0, "kernel/fs/ext4/ext4.ko: kernel/lib/crc16.ko"],
				["ext2", 1, "kernel/fs/ext2/ext2.ko:"],
				["e", 2, "kernel/e.ko:"],
			],
			rootFirst,
		);
		t.is(findExact(index, "ext4"), "kernel/fs/ext4/ext4.ko: kernel/lib/crc16.ko");
		t.is(findExact(index, "e"), "kernel/e.ko:");
		for (const absent of ["ext", "ext40", "", "xfs", "ext4\0"]) t.is(findExact(index, absent), undefined, absent);
	});

	test(`entries come in byte order from an index written ${order}`, (t) => {
		const index = read(
			[
				["b", 1, "two"],
				["a*", 0, "one"],
				["ab", 2, "three"],
			],
			rootFirst,
		);
		t.deepEqual(
			[...listEntries(index)].map(({ key, value }) => [key, value]),
			[
				["a*", "one"],
				["ab", "three"],
				["b", "two"],
			],
		);
	});
}

test("an index without entries answers nothing, wherever it says that its root is", (t) => {
	// A root behind the last byte, as kmod 30's depmod writes it, and a root of 0.
	for (const root of ["0000000c", "00000000"]) {
		const index = openIndex("modules.test.bin", Buffer.from(`b007f45700020001${root}`, "hex"));
		t.is(findExact(index, "ext4"), undefined);
		t.deepEqual(findMatches(index, "pci:v8086d100E", true), []);
		t.deepEqual([...listEntries(index)], []);
	}
});

test("an index whose root lies outside the file is none", (t) => {
	for (const root of ["2000000c", "4ffffff0", "8000000d"])
		t.throws(() => openIndex("modules.test.bin", Buffer.from(`b007f45700020001${root}`, "hex")), {
			instanceOf: MalformedIndex,
			message:
				"modules.test.bin is not a usable index: its root node lies outside its 12 bytes; run depmod to make it anew",
		});
});

test("every pattern that matches answers, lower priorities first", (t) => {
	const index = read([
		["pci:v*d*", 5, "general"],
		["pci:v8086d100E", 3, "exact"],
		["pci:v8086d*", 4, "vendor"],
		["pci:v1af4d*", 1, "other"],
		["*", 9, "all"],
	]);
	t.deepEqual(
		findMatches(index, "pci:v8086d100E", true).map(({ value, pattern }) => [value, pattern]),
		[
			["exact", "pci:v8086d100E"],
			["vendor", "pci:v8086d*"],
			["general", "pci:v*d*"],
			["all", "*"],
		],
	);
});

test("a pattern with several stars answers once, however many ways it matches", (t) => {
	const index = read([["*a*a*a*", 0, "m"]]);
	t.is(findMatches(index, "a".repeat(60)).length, 1);
	t.is(findMatches(index, "aa").length, 0);
});

test("a backslash is a character like any other until a wildcard has been met, and then an escape", (t) => {
	const index = read([
		["a\\b", 0, "before"],
		["a*\\b", 1, "behind"],
	]);
	const find = (query: string) => findMatches(index, query).map(({ value }) => value);
	t.deepEqual(find("a\\b"), ["before", "behind"]);
	t.deepEqual(find("ab"), ["behind"]);
});

test("random tries answer as fnmatch does, pattern by pattern", (t) => {
	const random = seededRandom(t);
	const bracket = () => `[${random.pick(["", "!"])}${random.pick(["a-c", "bd"])}]`;
	const literal = () => random.text("abcd:", 0, 3);
	const pieces = ["*", "*", "?", bracket, literal, literal, literal];
	const pattern = () =>
		Array.from({ length: 1 + random.below(5) }, () => {
			const piece = random.pick(pieces);
			return typeof piece === "string" ? piece : piece();
		}).join("");
	let matched = 0;
	for (let round = 0; round < 300; round++) {
		const patterns = [...new Set(Array.from({ length: 12 }, pattern))];
		const index = read(
			patterns.map((key, place) => [key, place, key]),
			round % 2 === 0,
		);
		for (let n = 0; n < 20; n++) {
			const query = random.text("abcd:", 0, 8);
			const expected = patterns.filter((key) => matchesWildcard(key, query));
			matched += expected.length;
			t.deepEqual(
				findMatches(index, query, true).map(({ value }) => value),
				expected,
				query,
			);
			t.deepEqual(
				findMatches(index, query, true).map((match) => match.pattern),
				expected,
				query,
			);
		}
	}
	t.true(matched > 500, `only ${matched} matches were compared`);
});

test("a file that is no index is refused with its name and what is wrong", (t) => {
	const good = encodeTrie([["a", 0, "b"]], true);
	const altered = (change: (bytes: Buffer) => void) => {
		const bytes = Buffer.from(good);
		change(bytes);
		return bytes;
	};
	const message = (bytes: Buffer) =>
		t.throws(() => openIndex("/m/modules.dep.bin", bytes), { instanceOf: MalformedIndex })?.message;
	t.regex(
		message(good.subarray(0, 11)) ?? "",
		/modules\.dep\.bin is not a usable index: it has 11 bytes, .*run depmod/,
	);
	t.regex(message(altered((bytes) => bytes.writeUInt32BE(0x7f454c46, 0))) ?? "", /magic number/);
	t.regex(message(altered((bytes) => bytes.writeUInt16BE(3, 4))) ?? "", /version 3, not 2/);
	t.regex(message(Buffer.alloc(0)) ?? "", /0 bytes/);
});

test("a node that leads outside the file, or back to its parent, is refused when it is met", (t) => {
	const outside = encodeTrie([["a", 0, "b"]], true);
	outside.writeUInt32BE((0xe0000000 | 0x0ffffff0) >>> 0, 8);
	t.throws(() => findExact(openIndex("x", outside), "a"), { instanceOf: MalformedIndex, message: /outside/ });
	const looping = Buffer.alloc(12 + 6);
	looping.writeUInt32BE(0xb007f457, 0);
	looping.writeUInt32BE(0x00020001, 4);
	looping.writeUInt32BE((0x20000000 | 12) >>> 0, 8);
	looping.write("**", 12, "latin1");
	looping.writeUInt32BE((0x20000000 | 12) >>> 0, 14);
	const index = openIndex("x", looping);
	t.throws(() => findMatches(index, "abc"), { instanceOf: MalformedIndex, message: /loop/ });
	t.throws(() => findExact(index, "***"), { instanceOf: MalformedIndex, message: /loop/ });
	t.throws(() => [...listEntries(index)], { instanceOf: MalformedIndex, message: /loop/ });
});

test("nodes shared between parents cannot make a search endless", (t) => {
	// 40 nodes, each with 128 children, all of them the next node: 128^40 paths.
	const size = 2 + 4 * 127;
	const bytes = Buffer.alloc(12 + 41 * size);
	bytes.writeUInt32BE(0xb007f457, 0);
	bytes.writeUInt32BE(0x00020001, 4);
	bytes.writeUInt32BE((0x20000000 | 12) >>> 0, 8);
	for (let node = 0; node < 40; node++) {
		const at = 12 + node * size;
		bytes[at] = 1;
		bytes[at + 1] = 127;
		const next = node === 39 ? 0 : (0x20000000 | (at + size)) >>> 0;
		for (let child = 0; child < 127; child++) bytes.writeUInt32BE(next, at + 2 + 4 * child);
	}
	const index = openIndex("x", bytes);
	t.throws(() => findMatches(index, "a".repeat(100)), { instanceOf: MalformedIndex, message: /cycles/ });
	t.throws(() => [...listEntries(index)], { instanceOf: MalformedIndex, message: /cycles/ });
});

test("truncated and altered indexes answer or are refused, and nothing else", (t) => {
	const random = seededRandom(t);
	const good = encodeTrie(
		Array.from({ length: 60 }, (_, n) => [`pci:v${n % 7}d*sv[0-9]${n}*`, n, `module_${n}`] as const),
		true,
	);
	let refused = 0;
	for (let round = 0; round < 4000; round++) {
		const bytes = Buffer.from(round % 4 === 0 ? good.subarray(0, random.below(good.length)) : good);
		for (let n = random.below(4); n >= 0; n--)
			if (bytes.length > 12) bytes[8 + random.below(bytes.length - 8)] = random.below(256);
		try {
			const index = openIndex("x", bytes);
			findExact(index, "pci:v1d*sv[0-9]1*");
			findMatches(index, "pci:v1d7sv31000", true);
			for (const entry of listEntries(index)) t.is(typeof entry.value, "string");
		} catch (error) {
			t.true(error instanceof MalformedIndex, String(error));
			refused++;
		}
	}
	t.true(refused > 100, `only ${refused} of 4000 were refused`);
});
