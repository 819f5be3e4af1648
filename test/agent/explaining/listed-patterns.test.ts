// All patterns that may be near: those of modprobe.d, of the modules, and of what is built in.
import { readFileSync } from "node:fs";
import test from "ava";
import { listPatterns } from "../../../src/agent/explaining/listed-patterns.js";
import { listEntries, type MalformedIndex, openIndex } from "../../../src/libkmod/formats/index-file.js";
import { modules, readMachine } from "../../support/fakes/captured-machine.js";
import { encodeTrie } from "../../support/worlds/trie.js";
import { configFile, makeWorld } from "../../support/worlds/world.js";

const knowledge = makeWorld({
	modules: { a: [], b: [] },
	aliases: { "pci:v1*": "a", "usb:v2*": "b" },
	config: "alias pci:v-3* b\nalias other a\n",
});
const builtinAliases = openIndex("builtin", encodeTrie([["pci:v4*", 0, "c"]], true));
const indexes = { ...knowledge.indexes, builtinAliases };
const line = { file: configFile, line: 1 };

test("alias lines come first, with their places, then the index, then what is built in", (t) => {
	t.deepEqual(
		[...listPatterns({ ...knowledge, indexes })],
		[
			{ pattern: "pci:v_3*", module: "b", via: "alias line", source: line },
			{ pattern: "other", module: "a", via: "alias line", source: { ...line, line: 2 } },
			{ pattern: "pci:v1*", module: "a", via: "alias index" },
			{ pattern: "usb:v2*", module: "b", via: "alias index" },
			{ pattern: "pci:v4*", module: "c", via: "builtin alias index" },
		],
	);
});

test("only the patterns that begin as asked are listed", (t) => {
	const found = [...listPatterns({ ...knowledge, indexes }, { start: "pci" })];
	t.deepEqual(
		found.map(({ pattern }) => pattern),
		["pci:v_3*", "pci:v1*", "pci:v4*"],
	);
});

test("a start leaves out the entries of an index that begin otherwise, and no other", (t) => {
	const path = `${readMachine()}/${modules}/modules.alias.bin`;
	const index = openIndex(path, readFileSync(path));
	const all = [...listEntries(index)];
	for (const start of ["", "p", "pci", "pci:v00008086d", "usb:v0403p6001d*dc*dsc*dp*ic*isc*ip*in*", "zzz"]) {
		const wanted = all.filter(({ key }) => key.startsWith(start));
		t.deepEqual([...listEntries(index, start)], wanted, start);
	}
});

test("the rest of a damaged index is left out and told, and the others are listed", (t) => {
	const bytes = encodeTrie([["pci:v5*", 0, "d"]], true);
	const aliases = openIndex("damaged", bytes.subarray(0, bytes.length - 3));
	const told: MalformedIndex[] = [];
	const found = [
		...listPatterns(
			{ ...knowledge, indexes: { ...indexes, aliases } },
			{ start: "pci", onDamage: (one) => told.push(one) },
		),
	];
	t.deepEqual(
		found.map(({ module }) => module),
		["b", "c"],
	);
	t.regex(told[0]!.message, /^damaged is not a usable index/);
});

test("what the reader of the patterns throws is not taken for damage", (t) => {
	const read = () => {
		for (const { pattern } of listPatterns(knowledge)) throw new RangeError(pattern);
	};
	t.throws(read, { instanceOf: RangeError });
});
