// Settings and policy (TOML), and the patterns in them, which are also the patterns of modules' aliases.
import * as v from "valibot";
import { matchesAny } from "../../../../src/agent/policy/patterns.js";
import { parsePolicy } from "../../../../src/agent/policy/policy-file.js";
import { listStatements } from "../../../../src/agent/policy/toml-lines.js";
import { defaultSettings } from "../../../../src/agent/settings/settings.js";
import { parseSettings } from "../../../../src/agent/settings/settings-file.js";
import { settingsTable } from "../../../../src/agent/settings/settings-table.js";
import { matchesWildcard } from "../../../../src/libkmod/text/wildcard.js";
import { takeBracket } from "../../../../src/libkmod/text/wildcard-bracket.js";
import type { Random } from "../../worlds/random-numbers.js";
import { expect, expectSame, type FuzzFormat, latin1, verdict } from "../format.js";

const defaults = Object.entries(defaultSettings);

const settings: FuzzFormat = {
	name: "settings",
	sources: ["src/agent/settings/settings-file.ts", "src/agent/settings/settings-table.ts"],
	readers: ["parseSettings"],
	accepted: "every key is a setting and its value in range",
	refused: "problems with their lines",
	kind: "text",
	words: [...Object.keys(settingsTable), "= 1", "true", "[]", "[table]", "1.5", "inf", "1979-05-27"],
	sound: 2,
	sample: (random) =>
		latin1(
			[...new Set(Array.from({ length: random.below(5) + 1 }, () => random.pick(defaults)))]
				.map(([key, value]) => `${random.below(4) === 0 ? "# why\n" : ""}${key} = ${JSON.stringify(value)}\n`)
				.join(""),
		),
	read(input) {
		const text = input.toString("latin1");
		const { value, problems } = parseSettings("x.toml", text);
		for (const [key, one] of Object.entries(value))
			expect(v.is(settingsTable[key as keyof typeof value].schema, one), `${key} is out of range`);
		for (const { line } of problems) expect(line >= 0 && line <= text.length + 1, `a problem in line ${line}`);
		return verdict(problems.length === 0);
	},
	limits: [],
};

const rules = [
	'[[deny]]\nmodule = "a"\n',
	'[[ignore]]\ndevpath = "/devices/virtual/*"\n',
	'[[allow]]\nalias = ["pci:*", "usb:*"]\n[allow.property]\nDRIVER = "x"\n',
	'[[mask]]\nmodule = ["c"]\n',
	'[[load]]\nsubsystem = "scsi"\nload = "sg"\n',
	'[[run]]\naction = "add"\ncommand = ["/bin/true", "a"]\ntimeout_seconds = 3\n',
	'[[deny]]\nproperty = { DEVTYPE = "disk" }\n',
];

const policy: FuzzFormat = {
	name: "policy",
	sources: [
		"src/agent/policy/policy-file.ts",
		"src/agent/policy/policy-rules.ts",
		"src/agent/policy/policy-values.ts",
		"src/agent/policy/toml-file.ts",
		"src/agent/policy/toml-lines.ts",
	],
	readers: ["parsePolicy", "parseRule", "parseToml"],
	accepted: "every rule counts, and each knows a line",
	refused: "problems with their lines",
	kind: "text",
	words: [
		"[[deny]]",
		"[[allow]]",
		"[allow.property]",
		"module",
		"alias",
		"devpath",
		"action",
		'source = "udev"',
		"'''",
		"timeout_seconds",
		"[",
		"]",
		"{",
		"}",
	],
	sound: 2,
	sample: (random) =>
		latin1(
			random.pick(['source = "kernel"\n', "", "# why\n"]) +
				Array.from({ length: random.below(3) + 1 }, () => random.pick(rules)).join("\n"),
		),
	read(input) {
		const text = input.toString("latin1");
		const { value, problems } = parsePolicy("x.toml", text);
		const lines = text.split("\n").length;
		for (const { line } of problems) expect(line >= 0 && line <= lines, `a problem in line ${line} of ${lines}`);
		for (const { source } of Object.values(value.policy).flat())
			expect(source.line >= 0 && source.line <= lines, `a rule in line ${source.line} of ${lines}`);
		for (const { line } of listStatements(text))
			expect(line >= 1 && line <= lines, `a statement in line ${line} of ${lines}`);
		return verdict(problems.length === 0);
	},
	limits: [
		{
			bound: "seconds of a command",
			n: 3600,
			make: (n) => latin1(`[[run]]\naction = "add"\ncommand = ["/x"]\ntimeout_seconds = ${n}\n`),
			within: "accepted",
			beyond: "refused",
		},
		{
			bound: "characters of a variable's name",
			n: 128,
			make: (n) => latin1(`[[run]]\naction = "add"\ncommand = ["/x"]\nenvironment = ["${"A".repeat(n)}"]\n`),
			within: "accepted",
			beyond: "refused",
		},
	],
};

/** Pieces of a pattern, and of a text that the pattern may match; an input is both with a newline between. */
const pieces = [
	"a",
	"b",
	"ab",
	"*",
	"?",
	"[a-c]",
	"[!b]",
	"[[:digit:]]",
	"[]-]",
	"\\",
	"\\*",
	"9",
	"-",
	"[[.-.]]",
	"[[=a=]]",
];

function samplePattern(random: Random): Buffer {
	const pattern = random.text(pieces, 0, 5);
	const inside = pattern
		.replace(/\[[^\]]*\]+/g, () => random.pick("ab9-]"))
		.replace(/[*?]/g, () => random.text("ab9", 0, 2));
	return latin1(`${pattern}\n${random.below(3) === 0 ? random.text("ab9-", 0, 6) : inside.replaceAll("\\", "")}`);
}

/** A slow but simple matcher to compare with: it tries every length of each star, with a table of known results. */
function matchesByTable(pattern: string, text: string): boolean {
	const known = new Map<number, boolean>();
	const from = (at: number, place: number): boolean => {
		const key = at * (text.length + 1) + place;
		const before = known.get(key);
		if (before !== undefined) return before;
		const found = matchesAt(at, place);
		known.set(key, found);
		return found;
	};
	const matchesAt = (at: number, place: number): boolean => {
		if (at >= pattern.length) return at === pattern.length && place === text.length;
		const part = pattern[at];
		if (part === "*") return from(at + 1, place) || (place < text.length && from(at, place + 1));
		if (place === text.length) return false;
		if (part === "?") return from(at + 1, place + 1);
		if (part === "\\") return pattern[at + 1] === text[place] && from(at + 2, place + 1);
		if (part === "[") {
			const end = takeBracket(pattern, at, text.charCodeAt(place));
			if (end >= 0) return from(end, place + 1);
			// A bracket that is not closed stands for itself.
			return end === -2 && text[place] === "[" && from(at + 1, place + 1);
		}
		return part === text[place] && from(at + 1, place + 1);
	};
	return from(0, 0);
}

const LONGEST_BY_TABLE = 40;
const LARGEST_PRODUCT = 2 ** 21;

const wildcard: FuzzFormat = {
	name: "wildcards",
	sources: ["src/libkmod/text/wildcard.ts", "src/libkmod/text/wildcard-bracket.ts", "src/agent/policy/patterns.ts"],
	readers: [],
	accepted: "the text matches, as it does by a table of every way",
	refused: "it does not, and neither by that table",
	kind: "text",
	words: [...pieces, "\n", "[", "[!", "[[:", ":]]", "]"],
	sound: 3,
	sample: samplePattern,
	read(input) {
		const all = input.toString("latin1");
		const end = all.indexOf("\n");
		const [pattern, text] = [all.slice(0, end < 0 ? undefined : end), end < 0 ? "" : all.slice(end + 1)];
		// Matching may take time proportional to the product of both lengths. No alias is so long.
		if (pattern.length * text.length > LARGEST_PRODUCT) return "refused";
		const matches = matchesWildcard(pattern, text);
		if (pattern.length <= LONGEST_BY_TABLE && text.length <= LONGEST_BY_TABLE)
			expect(
				matchesByTable(pattern, text) === matches,
				`by a table ${JSON.stringify(pattern)} ${matches ? "does not match" : "matches"} ${JSON.stringify(text)}`,
			);
		expectSame(matchesAny([pattern], text), matches, "as a pattern of policy it is another");
		return verdict(matches);
	},
	limits: [],
};

export const settingsFormats: readonly FuzzFormat[] = [settings, policy, wildcard];
