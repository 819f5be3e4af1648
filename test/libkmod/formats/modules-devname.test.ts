import test from "ava";
import { parseModulesDevname } from "../../../src/libkmod/formats/modules-devname.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";

test("a node has a module, a name below /dev, a type and two numbers", (t) => {
	t.deepEqual(parseModulesDevname("# comment\ntun net/tun c10:200\nloop loop0 b7:0\n"), {
		value: [
			{ module: "tun", name: "net/tun", type: "c", major: 10, minor: 200 },
			{ module: "loop", name: "loop0", type: "b", major: 7, minor: 0 },
		],
		bad: [],
	});
});

test("a byte that JavaScript takes for a blank is part of a name", (t) => {
	t.deepEqual(parseModulesDevname("l\xc3\xa0 d\xa0/e\x85 c1:2\n").value, [
		{ module: "l\xc3\xa0", name: "d\xa0/e\x85", type: "c", major: 1, minor: 2 },
	]);
});

test("whatever stands there, each line is a node, a comment or a bad one", (t) => {
	const random = seededRandom(t);
	const pieces = [
		"tun ",
		"net/tun",
		" c",
		"10",
		":",
		"200",
		"4294967296",
		"-1",
		" ",
		"\t",
		"#",
		"\n",
		"\0",
		"\xff",
		"b7:0",
	];
	for (let round = 0; round < 5000; round++) {
		const text = random.below(4) === 0 ? random.bytes(random.below(60)).toString("latin1") : random.text(pieces, 0, 20);
		const { value, bad } = parseModulesDevname(text);
		const lines = text.replace(/\n$/, "").split("\n");
		const comments = lines.filter((line) => line.startsWith("#")).length;
		t.is(value.length + bad.length + comments, text === "" ? 0 : lines.length, JSON.stringify(text));
		for (const { major, minor } of value) t.true(major <= 0xffffffff && minor <= 0xffffffff);
	}
	t.is(parseModulesDevname(`${"a ".repeat(500_000)}\n`).bad.length, 1);
});
