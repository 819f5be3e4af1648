import test from "ava";
import { padTo, shortenTo, wrapText } from "../../../src/agent/telling/text-layout.js";
import { bytesOf } from "../../../src/libkmod/text/byte-strings.js";
import { openTerminal } from "../../../src/tools/command-line/terminal.js";
import { plainTerminal } from "../../support/fakes/plain-terminal.js";

const plain = plainTerminal();
const terminalFor = (...shown: readonly string[]) => openTerminal({ environment: {}, print: () => undefined }, shown);

test("text is broken at blanks, and the lines behind the first hang", (t) => {
	t.deepEqual(wrapText("not loaded: masked by a file", 12, plain, 2), ["not loaded:", "  masked by", "  a file"]);
});

test("text that fits is one line, whatever its blanks", (t) => {
	t.deepEqual(wrapText("a  b ", 80, plain), ["a b"]);
	t.deepEqual(wrapText("a b", Number.POSITIVE_INFINITY, plain), ["a b"]);
	t.deepEqual(wrapText("", 80, plain), []);
});

test("a word that is wider than a line is broken behind its slashes", (t) => {
	t.deepEqual(wrapText("see /lib/modules/6.1.0/kernel now", 15, plain), ["see /lib/", "modules/6.1.0/", "kernel now"]);
});

test("no line is wider than asked, and no character is lost", (t) => {
	const text = "a bb ccc/dddd/eeeee pci:v00008086d000010D3sv00008086sd00000000bc02sc00i00 end";
	for (let width = 3; width < 90; width++) {
		const lines = wrapText(text, width, plain, 2);
		t.true(
			lines.every((line) => line.length <= width),
			`${width}: ${lines.join("|")}`,
		);
		t.is(lines.join("").replaceAll(" ", ""), text.replaceAll(" ", ""));
	}
});

test("wide characters are measured, and never cut", async (t) => {
	const text = bytesOf("日本語日本語");
	const terminal = await terminalFor(text);
	t.deepEqual(wrapText(text, 5, terminal), ["日本", "語日", "本語"].map(bytesOf));
	t.is(shortenTo(text, 9, terminal), bytesOf("日...語"));
});

test("text is shortened in its middle", (t) => {
	t.is(shortenTo("0123456789", 10, plain), "0123456789");
	t.is(shortenTo("0123456789", 8, plain), "012...89");
	for (const width of [0, 1, 2, 3]) t.is(shortenTo("0123456789", width, plain), "...".slice(0, width));
});

test("text is padded to a width, and longer text stays", (t) => {
	t.is(padTo("ab", 4, plain), "ab  ");
	t.is(padTo("abcde", 4, plain), "abcde");
});
