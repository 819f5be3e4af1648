import test from "ava";
import { formatJson } from "../../../src/libkmod/text/byte-strings.js";
import { printable, printableLines, printableStyled } from "../../../src/libkmod/text/printable.js";

const utf8 = (text: string): string => Buffer.from(text).toString("latin1");

const shown = test.macro({
	exec(t, text: string, expected: string) {
		t.is(printable(text), expected);
		t.is(printable(expected), expected);
		t.is(printableLines(`a\t${text.replaceAll(/[\t\n]/g, "")}\nb`), `a\t${expected.replaceAll(/\\x0[9a]/g, "")}\nb`);
	},
	title: (title) => `shown: ${title}`,
});

test("what is ASCII and seen, as it is", shown, "e1000: pci:v*\\ ~", "e1000: pci:v*\\ ~");
test("C0 and DEL", shown, "\0\x07\x08\t\n\v\r\x1b[31m\x7f", "\\x00\\x07\\x08\\x09\\x0a\\x0b\\x0d\\x1b[31m\\x7f");
test("C1 as bytes", shown, "\x9b2J\x85\x90", "\\x9b2J\\x85\\x90");
test("C1 as UTF-8", shown, utf8("\u009b2J\u0080\u009f"), "\\xc2\\x9b2J\\xc2\\x80\\xc2\\x9f");
test("text in UTF-8, as it is", shown, utf8("café Ü ł 日本 🐧\u00a0"), utf8("café Ü ł 日本 🐧\u00a0"));
test("bytes that are no UTF-8", shown, "caf\xe9 \xc3", "caf\\xe9 \\xc3");
test(
	"bytes that are nearly UTF-8",
	shown,
	"\xc0\x9b\xed\xa0\x80\xf5\x80\x80\x80\xe2\x82",
	"\\xc0\\x9b\\xed\\xa0\\x80\\xf5\\x80\\x80\\x80\\xe2\\x82",
);
test(
	"what reorders a line",
	shown,
	utf8("a\u202eb\u2066c\u2069\u200f\u061c"),
	"a\\xe2\\x80\\xaeb\\xe2\\x81\\xa6c\\xe2\\x81\\xa9\\xe2\\x80\\x8f\\xd8\\x9c",
);
test("what ends a line in Unicode", shown, utf8("a\u2028b\u2029"), "a\\xe2\\x80\\xa8b\\xe2\\x80\\xa9");
test("an escape cut off by a sequence", shown, "\xe2\x80\x1b[m", "\\xe2\\x80\\x1b[m");

test("text that is no byte string is written as UTF-8, and never as a control character's byte", (t) => {
	// U+011B written as a single byte would be an escape (0x1b).
	t.is(printable("\u011b[31m"), utf8("\u011b[31m"));
	t.is(printable("a\u202eb \u{1f427}"), `a\\xe2\\x80\\xaeb ${utf8("\u{1f427}")}`);
});

test("nothing that is made of any two characters steers a terminal", (t) => {
	for (let first = 0; first < 256; first++)
		for (let second = 0; second < 256; second++) {
			const text = printable(String.fromCharCode(first, second));
			const decoded = Buffer.from(text, "latin1").toString("utf8");
			// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about.
			if (/[\0-\x1f\x7f-\x9f\ufffd]/.test(decoded)) t.fail(JSON.stringify(text));
		}
	t.pass();
});

test("JSON says the same, and has nothing in it that steers a terminal either", (t) => {
	const value = { a: `\x1b\x7f\n${utf8("\u009b é \u202e\u2028\u2069\u061c\u200e 日")}` };
	const json = formatJson(value);
	t.is(printable(json), json);
	t.deepEqual(JSON.parse(Buffer.from(json, "latin1").toString()), {
		a: "\x1b\x7f\n\u009b é \u202e\u2028\u2069\u061c\u200e 日",
	});
	t.true(json.includes(utf8("é")) && json.includes(utf8("日")));
});

test("in styled text colours stay, and nothing else that controls a terminal", (t) => {
	const red = "\x1b[31mred\x1b[39m\n\x1b[1;4mbold\x1b[m";
	t.is(printableStyled(red), red);
	t.is(printableStyled("\x1b[2J\x1b]0;t\x07\x9b31m\r\x1b[31"), "\\x1b[2J\\x1b]0;t\\x07\\x9b31m\\x0d\\x1b[31");
	t.is(printableStyled(`\x1b[31m${printable("\x1b[0mname")}\x1b[39m`), "\x1b[31m\\x1b[0mname\x1b[39m");
});
