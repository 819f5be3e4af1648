import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { buildIndex, IndexEntries, UnwritableIndex } from "../../../src/libkmod/formats/index-build.js";
import { findExact, type IndexEntry, listEntries, openIndex } from "../../../src/libkmod/formats/index-file.js";
import { modprobe } from "../../support/real/real-kmod.js";
import { packageModules } from "../../support/worlds/module-files.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";

const build = (items: readonly IndexEntry[]) => buildIndex(IndexEntries.of(items));
const readBack = (items: readonly IndexEntry[]) => [...listEntries(openIndex("x.bin", build(items)))];
const item = (key: string, priority: number, value: string): IndexEntry => ({ key, priority, value });

test("an index without entries is a header", (t) => {
	t.is(build([]).toString("hex"), "b007f457000200010000000c");
	t.deepEqual(readBack([]), []);
});

test("the root stands first", (t) => {
	const bytes = build([item("abc", 0, "x"), item("abd", 1, "y")]);
	t.is(bytes.readUInt32BE(8), 0x2000000c);
	t.is(build([item("", 0, "x")]).readUInt32BE(8), 0x4000000c);
});

test("a key may be the beginning of another, and may be empty", (t) => {
	const items = ["ab", "abcd", "", "abc", "b"].map((key, n) => item(key, n, `v${n}`));
	t.deepEqual(
		readBack(items).map(({ key, value }) => [key, value]),
		[
			["", "v2"],
			["ab", "v0"],
			["abc", "v3"],
			["abcd", "v1"],
			["b", "v4"],
		],
	);
});

test("values of one key come by priority, and of equal priority the later first", (t) => {
	const items = [
		item("k", 3, "three"),
		item("k", 1, "first one"),
		item("k", 0, "none"),
		item("k", 1, "second one"),
		item("k", 1, "third one"),
	];
	t.deepEqual(
		readBack(items).map(({ value }) => value),
		["none", "third one", "second one", "first one", "three"],
	);
});

test("keys may nest as deep as they are long", (t) => {
	const items = Array.from({ length: 3000 }, (_, n) => item("a".repeat(n), n, "v"));
	t.is(findExact(openIndex("x.bin", build(items)), "a".repeat(2999)), "v");
});

test("a key that is not ASCII is refused, wherever that stands; a value is any bytes but NUL", (t) => {
	for (const [key, value] of [
		["\xe9", "v"],
		["a\xe9", "v"],
		["\u0141", "v"],
		["key", "v\0"],
		["key", "\u2028"],
	])
		for (const others of [[], [item("a", 1, "w"), item("ab", 1, "w"), item("key too", 1, "w")]])
			t.throws(
				() => build([...others, item(key!, 0, value!)]),
				{ instanceOf: UnwritableIndex, message: /not ASCII|a NUL/ },
				key,
			);
	const path = "kernel/d\xe9/\xff\x80.ko:";
	t.is(findExact(openIndex("x.bin", build([item("a", 0, path), item("ab", 1, "w")])), "a"), path);
});

test("random entries are all found again", (t) => {
	const random = seededRandom(t);
	for (let round = 0; round < 200; round++) {
		const items = Array.from({ length: random.below(60) }, () =>
			item(random.text("ab*", 0, 6), random.below(3), random.text("xyz", 0, 2)),
		);
		const line = ({ key, priority, value }: IndexEntry) => `${key} ${priority} ${value}`;
		const entries = readBack(items);
		t.deepEqual(entries.map(line).sort(), items.map(line).sort());
		const keys = entries.map(({ key }) => key);
		t.deepEqual(keys, [...keys].sort());
	}
});

test("the real modprobe dumps our indexes of Debian's kernel as it dumps the real depmod's", async (t) => {
	const { root, release, directory } = await packageModules();
	const ours = mkdtempSync(join(tmpdir(), "indexes-"));
	t.teardown(() => rmSync(ours, { recursive: true }));
	const target = join(ours, "lib/modules", release);
	mkdirSync(target, { recursive: true });
	for (const name of ["dep", "alias", "symbols", "builtin", "builtin.alias"]) {
		const file = `modules.${name}.bin`;
		const bytes = readFileSync(join(directory, file));
		// The entries in another order than the file has; entries of equal keys keep theirs.
		const entries = [...listEntries(openIndex(file, bytes))].reverse();
		writeFileSync(join(target, file), build(entries));
	}
	const dump = (where: string) =>
		modprobe("-C", "/dev/null", "-d", where, "-S", release, "-c").replace(/^.*\n# End of configuration/s, "");
	const lookups = ["-a", "-R", "pci:v00008086d0000100Esv0sd0bc0sc0i0", "net-pf-1", "ext4", "symbol:jbd2_journal_start"];
	t.true(dump(ours) === dump(root));
	t.true(dump(ours).split("\n").length > 30_000);
	const lookUp = (where: string) => modprobe("-C", "/dev/null", "-d", where, "-S", release, ...lookups);
	t.is(lookUp(ours), lookUp(root));
	t.is(lookUp(ours), "e1000\nunix\next4\njbd2\n");
});

test("keys of 4,095 characters are found again, and longer ones, which nothing could look up, cost nobody else anything", (t) => {
	const items = [4094, 4095, 4096, 100_000].map((length, n) => item("s".repeat(length), n, `v${n}`));
	t.deepEqual(
		readBack(items).map(({ key, value }) => [key.length, value]),
		[
			[4094, "v0"],
			[4095, "v1"],
		],
	);
});

test("more text than an index has room for is refused before it is put together", (t) => {
	const value = "m".repeat(2 ** 20);
	const items = Array.from({ length: 600 }, (_, n) => item(`k${n}`, n, value));
	t.throws(() => build(items), {
		instanceOf: UnwritableIndex,
		message: "its keys and values would be longer than 256 MiB together",
	});
});
