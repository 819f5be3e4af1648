// Command lines of the tools: the words, their bytes as text, and options with a number.
import { bytesOf, isUtf8, textOf } from "../../../../src/libkmod/text/byte-strings.js";
import { parseOptions, type Spelling } from "../../../../src/tools/command-line/getopt.js";
import { parseWait } from "../../../../src/tools/modprobe/options.js";
import { expect, expectSame, type FuzzFormat, latin1, verdict } from "../format.js";

const spellings: readonly Spelling[] = [
	{ key: "all", short: "a", long: ["all", "also"], takesArgument: false },
	{ key: "quiet", short: "q", long: ["quiet"], takesArgument: false },
	{ key: "dirname", short: "d", long: ["dirname"], takesArgument: true },
	{ key: "dry-run", short: "n", long: ["dry-run", "show"], takesArgument: false },
	{ key: "wait", short: "w", long: ["wait"], takesArgument: true },
];

const commandLine: FuzzFormat = {
	name: "command lines",
	sources: ["src/tools/command-line/getopt.ts"],
	readers: ["parseOptions"],
	accepted: "options and operands, none of them made up",
	refused: "getopt's words for what is wrong",
	kind: "text",
	words: ["--all", "--", "-", "-aq", "-d", "--dirname=x", "--d", "--dir", "-w", "\0"],
	sound: 2,
	sample: (random) =>
		latin1(
			Array.from({ length: random.below(5) + 1 }, () =>
				random.pick(["-a", "--also", "snd", "-qn", "--dirname", "-dx", "--dirname=/", "--", "e1000e"]),
			).join("\0"),
		),
	read(input, random) {
		const words = input.toString("latin1").split("\0");
		const { occurrences, operands, problem } = parseOptions(words, spellings, random.below(2) === 0);
		expect(
			operands.every((operand) => words.includes(operand)),
			"an operand that is no word",
		);
		for (const { key, argument } of occurrences)
			expect(
				(argument !== undefined) === (spellings.find((spelling) => spelling.key === key)?.takesArgument ?? false),
				`${key} and its argument`,
			);
		return verdict(problem === undefined);
	},
	limits: [],
};

const bytes: FuzzFormat = {
	name: "bytes as text",
	sources: ["src/libkmod/text/byte-strings.ts"],
	readers: [],
	accepted: "UTF-8, which is the same text to node",
	refused: "bytes that are no UTF-8; as text they still come back as they were",
	kind: "text",
	words: [
		"caf\xc3\xa9",
		"\xe2\x82\xac",
		"\xf0\x9f\x98\x80",
		"\xed\xa0\x80",
		"\xc0\x80",
		"\xf4\x90\x80\x80",
		"\xef\xbf\xbd",
		"\xc3",
	],
	sound: 2,
	sample: (random) => Buffer.from(random.text(["snd", "café", "€", "😀", "\u{ed80}", " "], 1, 5)),
	read(input) {
		const given = input.toString("latin1");
		const text = textOf(given);
		expectSame(bytesOf(text), given, "the bytes do not come back");
		const sound = Buffer.from(input.toString("utf8")).equals(input);
		expect(isUtf8(given) === sound, `by node it is ${sound ? "" : "no "}UTF-8`);
		if (sound) expectSame(text, input.toString("utf8"), "node has other text");
		return verdict(sound);
	},
	limits: [],
};

const wait: FuzzFormat = {
	name: "a wait in milliseconds",
	sources: ["src/tools/modprobe/options.ts"],
	readers: ["parseWait"],
	accepted: "a whole number from 0",
	refused: "undefined",
	kind: "text",
	words: ["0x", "0", "8", "-", "+"],
	sound: 2,
	sample: (random) =>
		latin1(random.pick(["", "-", "+"]) + random.pick(["", "0x", "0"]) + random.text("01234567", 1, 9)),
	read(input) {
		const milliseconds = parseWait(input.toString("latin1"));
		if (milliseconds === undefined) return "refused";
		expect(Number.isSafeInteger(milliseconds) && milliseconds >= 0, `a wait of ${milliseconds}`);
		return "accepted";
	},
	limits: [
		{ bound: "the largest digit of base 8", n: 7, make: (n) => latin1(`0${n}`), within: "accepted", beyond: "refused" },
	],
};

export const commandLineFormats: readonly FuzzFormat[] = [commandLine, bytes, wait];
