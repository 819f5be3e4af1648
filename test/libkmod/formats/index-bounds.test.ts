// Indexes as no depmod writes them: deep, wide, with shared nodes. No search takes more time or stack than the index's size
// allows.
import test from "ava";
import { checkIndex } from "../../../src/libkmod/check/check-indexes.js";
import { buildIndex, IndexEntries } from "../../../src/libkmod/formats/index-build.js";
import { findExact, listEntries, MalformedIndex, openIndex } from "../../../src/libkmod/formats/index-file.js";
import { findMatches } from "../../../src/libkmod/formats/index-search.js";
import { chainedIndex } from "../../support/worlds/chained-index.js";
import { filesIn } from "../../support/worlds/world.js";

const MANY = 200_000;

test("200,000 values of one key and of one priority are found, the last first, as the few of them would be", (t) => {
	const entries = new IndexEntries();
	for (let n = 0; n < MANY; n++) entries.add("pci:v*", 7, `module_${n}`);
	const index = openIndex("x", buildIndex(entries));
	const found = findMatches(index, "pci:v8086");
	t.is(found.length, MANY);
	// buildIndex writes the last value first. Of equal priorities the value that is met last comes first, as in kmod.
	t.is(found[0]?.value, "module_0");
	t.is(found.at(-1)?.value, `module_${MANY - 1}`);
	let listed = 0;
	for (const { key } of listEntries(index)) if (key === "pci:v*") listed++;
	t.is(listed, MANY);
});

test("200,000 values are found by priority, whatever the order of their keys", (t) => {
	const entries = new IndexEntries();
	for (let n = 0; n < MANY; n++) entries.add(`${n}*`.replace(/^\d/, "?"), MANY - n, String(MANY - n));
	const found = findMatches(openIndex("x", buildIndex(entries)), "1".repeat(10)).map(({ value }) => Number(value));
	t.true(found.length > 1);
	t.deepEqual(
		found,
		found.toSorted((a, b) => a - b),
	);
});

for (const rootFirst of [true, false])
	test(`a trie 100,000 nodes deep is listed on a stack of its own, root ${rootFirst ? "first" : "last"}`, (t) => {
		const index = openIndex("x", chainedIndex("a".repeat(100_000), ["m"], rootFirst));
		const [entry, ...others] = listEntries(index);
		t.is(entry?.key.length, 100_000);
		t.like(entry, { priority: 1, value: "m" });
		t.deepEqual(others, []);
		t.is(findExact(index, "a".repeat(100_000)), "m");
		t.is(findExact(index, "a".repeat(99_999)), undefined);
		t.is(checkIndex(filesIn(new Map([["x", index.bytes]])), "x"), undefined);
	});

test("keys are searched for down to 1,024 nodes, whatever wildcards they have, and deeper ones are refused by what they are", (t) => {
	for (const wildcard of ["*", "?", "*a"]) {
		const chain = (length: number) =>
			openIndex("x", chainedIndex(wildcard.repeat(length).slice(0, length), ["m"], true));
		// The root counts as a node as well.
		for (const length of [1022, 1023]) {
			const query = "a".repeat(4095).slice(0, wildcard === "?" ? length : 4095);
			t.deepEqual(
				findMatches(chain(length), query).map(({ value }) => value),
				["m"],
				`${wildcard} ${length}`,
			);
		}
		for (const length of [1024, 4096, 100_000])
			t.throws(() => findMatches(chain(length), "a".repeat(4095)), {
				instanceOf: MalformedIndex,
				message:
					"x is not a usable index: its trie branches more than 1024 times on the way to one key; run depmod to make it anew",
			});
	}
});

/** An index of `levels` nodes, each with two children that are both the next node: 2^levels ways lead to the one value. */
function shared(levels: number): Buffer {
	const bytes = Buffer.alloc(12 + 10 * levels + 10);
	bytes.writeUInt32BE(0xb007f457, 0);
	bytes.writeUInt32BE(0x00020001, 4);
	bytes.writeUInt32BE((0x20000000 | 12) >>> 0, 8);
	for (let level = 0; level < levels; level++) {
		const at = 12 + 10 * level;
		const next = ((level === levels - 1 ? 0x40000000 : 0x20000000) | (at + 10)) >>> 0;
		bytes.write("*+", at, "latin1");
		bytes.writeUInt32BE(next, at + 2);
		bytes.writeUInt32BE(next, at + 6);
	}
	bytes.writeUInt32BE(1, 12 + 10 * levels);
	bytes[12 + 10 * levels + 8] = 0x6d;
	return bytes;
}

test("shared nodes are refused once more has been read than there is, and a tree never is", (t) => {
	const message =
		"x is not a usable index: a walk reads more than its 322 bytes, so its nodes are shared or form cycles; run depmod to make it anew";
	const index = openIndex("x", shared(30));
	t.throws(() => [...listEntries(index)], { instanceOf: MalformedIndex, message });
	t.throws(() => findMatches(index, "+".repeat(30)), { instanceOf: MalformedIndex, message });
	t.is(checkIndex(filesIn(new Map([["x", index.bytes]])), "x"), message.slice(2));
	// A single way to the end is no sign of shared nodes, however deep it is.
	t.is(findExact(index, "+".repeat(30)), "m");
});

test("one long run of bytes that many nodes have for their prefix is read once", (t) => {
	const length = 200_000;
	const children = 100;
	const bytes = Buffer.alloc(12 + 2 + 4 * children + length + 1, 0x61);
	bytes.writeUInt32BE(0xb007f457, 0);
	bytes.writeUInt32BE(0x00020001, 4);
	bytes.writeUInt32BE((0x20000000 | 12) >>> 0, 8);
	bytes[12] = 1;
	bytes[13] = children;
	for (let child = 0; child < children; child++)
		bytes.writeUInt32BE((0x80000000 | (14 + 4 * children + child)) >>> 0, 14 + 4 * child);
	bytes[bytes.length - 1] = 0;
	t.throws(() => [...listEntries(openIndex("x", bytes))], { instanceOf: MalformedIndex, message: /cycles/ });
});

test("a query that is itself made of wildcards meets what lies below them as often as kmod does, and is not refused", (t) => {
	const stars = Array.from({ length: 40 }, (_, n) => "*".repeat(n + 1));
	const entries = IndexEntries.of(stars.map((key, priority) => ({ key, priority, value: `m${priority}` })));
	const found = findMatches(openIndex("x", buildIndex(entries)), "*".repeat(40)).map(({ value }) => value);
	t.deepEqual(new Set(found), new Set(stars.map((_, n) => `m${n}`)));
	t.true(found.length > stars.length);
});

test("a small index that stands for more text than any list has room for is refused before it fills the memory", (t) => {
	const bytes = chainedIndex(
		"*".repeat(1000),
		Array.from({ length: 300_000 }, () => "m"),
		true,
	);
	t.true(bytes.length < 2 ** 21);
	const index = openIndex("x", bytes);
	const longest = { instanceOf: MalformedIndex, message: /its keys and values are longer than 256 MiB together/ };
	t.throws(() => [...listEntries(index)], longest);
	t.throws(() => findMatches(index, "a", true), {
		instanceOf: MalformedIndex,
		message: /more than 256 MiB of its entries match/,
	});
});
