import test from "ava";
import { bytesOf, formatJson, isUtf8, mapStrings, textOf, trimBlanks } from "../../../src/libkmod/text/byte-strings.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";

const rows: readonly (readonly [string, text: string, bytes: string])[] = [
	["ASCII, controls included", "a\0\x7f\n", "a\0\x7f\n"],
	["letters of Latin", "café", "caf\xc3\xa9"],
	["a letter whose last byte looks like a blank", "là", "l\xc3\xa0"],
	["what lies beyond 16 bits", "😀!", "\xf0\x9f\x98\x80!"],
	["a byte of Latin-1", "caf\udce9", "caf\xe9"],
	["a sequence that is cut off, before another", "\udcc3é\udcf0\udc9f", "\xc3\xc3\xa9\xf0\x9f"],
	["an overlong one", "\udcc0\udcaf", "\xc0\xaf"],
	["a surrogate in UTF-8", "\udced\udca0\udc80", "\xed\xa0\x80"],
	["a number that Unicode does not reach", "\udcf4\udc90\udc80\udc80", "\xf4\x90\x80\x80"],
	["a replacement character that is really there", "\ufffd", "\xef\xbf\xbd"],
	["a byte order mark", "\ufeffx", "\xef\xbb\xbfx"],
];
for (const [title, text, bytes] of rows)
	test(`${title} goes from text to bytes and back`, (t) => {
		t.is(bytesOf(text), bytes);
		t.is(textOf(bytes), text);
	});

test("bytes are text where UTF-8 says so: node's own decoder agrees", (t) => {
	const random = seededRandom(t);
	for (let run = 0; run < 20_000; run++) {
		const bytes = random.text(
			["a", "\x80", "\xa0", "\xbf", "\xc2", "\xc3", "\xe0", "\xe9", "\xed", "\xf0", "\xf4", "\xff"],
			0,
			9,
		);
		const text = textOf(bytes);
		t.is(bytesOf(text), bytes);
		t.is(/[\udc80-\udcff]/u.test(text), Buffer.from(bytes, "latin1").toString().includes("\ufffd"));
	}
});

test("a surrogate that stands for no byte is replaced", (t) => {
	t.is(bytesOf("a\ud800b\udc7f\ue000"), "a\xef\xbf\xbdb\xef\xbf\xbd\xee\x80\x80");
});

test("JSON is UTF-8, and what is none is escaped in it", (t) => {
	const json = formatJson({ "caf\xc3\xa9": ["\xe9", '"', "\xc3\xa0"] });
	t.is(json, '{"caf\xc3\xa9":["\\udce9","\\"","\xc3\xa0"]}');
	const text = Buffer.from(json, "latin1").toString("utf8");
	t.deepEqual(mapStrings(JSON.parse(text), bytesOf), { "caf\xc3\xa9": ["\xe9", '"', "\xc3\xa0"] });
});

test("every string of a value is converted, and nothing else", (t) => {
	const date = new Date(0);
	t.deepEqual(mapStrings({ é: [1, "é", null, { b: true, date }] }, bytesOf), {
		"\xc3\xa9": [1, "\xc3\xa9", null, { b: true, date }],
	});
});

test("blanks are ASCII's: what JavaScript takes for one may be the end of a letter", (t) => {
	t.is(trimBlanks("\t\n\v\f\r l\xc3\xa0 \n"), "l\xc3\xa0");
	t.is(trimBlanks("\xa0\x85"), "\xa0\x85");
	t.is(trimBlanks(" \t "), "");
	t.is(trimBlanks("a b"), "a b");
});

test("UTF-8 is told from what is none", (t) => {
	for (const bytes of ["", "a\0", "l\xc3\xa0", "\xef\xbf\xbd"]) t.true(isUtf8(bytes), bytes);
	for (const bytes of ["\xe9", "l\xc3", "\xed\xa0\x80", "\xa0"]) t.false(isUtf8(bytes), bytes);
});

test("strings are mapped however deep they nest, names of fields too, in their order", (t) => {
	const shout = (text: string) => text.toUpperCase();
	const given = JSON.parse('{"b":["x",{"__proto__":"y","a":null}],"a":1}');
	t.is(JSON.stringify(mapStrings(given, shout)), '{"B":["X",{"__PROTO__":"Y","A":null}],"A":1}');
	t.is(JSON.stringify(mapStrings(given, (text) => text)), JSON.stringify(given));
	const depth = 200_000;
	let inner = mapStrings(JSON.parse(`${"[".repeat(depth)}"x"${"]".repeat(depth)}`), shout);
	for (let n = 0; n < depth; n++) inner = (inner as unknown[])[0];
	t.is(inner, "X");
});
