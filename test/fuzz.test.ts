// The fuzz driver, `npm run fuzz`: a small run over every format with a constant seed and with a fresh seed. Other tests
// check that the table has every format that src reads, and that the driver finds faults of a reader.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { Finding, type FuzzFormat, latin1, verdict } from "./support/fuzz/format.js";
import { fuzzFormats } from "./support/fuzz/formats.js";
import { inputsOf } from "./support/fuzz/inputs.js";
import { runStretch } from "./support/fuzz/stretch.js";
import { processorTime } from "./support/fuzz/trial.js";

const KEPT_SEED = 20_260_101;
const freshSeed = 1 + Math.floor(Math.random() * 1_000_000_000);
/** Random inputs for each format, in addition to those at the bounds. */
const INPUTS = 500;
const LEAST_SHARE = 0.05;

for (const format of fuzzFormats)
	test(`${format.name}: sound and damaged inputs are accepted or refused, and nothing else`, (t) => {
		const sum = { accepted: 0, refused: 0 };
		for (const seed of [KEPT_SEED, freshSeed]) {
			const { accepted, refused, found } = runStretch(format, inputsOf(format, seed), { from: 0, count: INPUTS });
			for (const { number, wrong, smallest } of found)
				t.fail(`input ${number} of seed ${seed}, ${Buffer.from(smallest).toString("base64")}: ${wrong}`);
			sum.accepted += accepted;
			sum.refused += refused;
		}
		const share = Math.min(sum.accepted, sum.refused) / (sum.accepted + sum.refused);
		t.true(share > LEAST_SHARE, `seed ${freshSeed}: ${sum.accepted} accepted, ${sum.refused} refused`);
		t.log(`seed ${freshSeed}: ${sum.accepted} accepted, ${sum.refused} refused`);
	});

/** A format whose reader has one fault. */
const readerThat = (read: FuzzFormat["read"]): FuzzFormat => ({
	name: "wrong",
	sources: [],
	readers: [],
	accepted: "",
	refused: "",
	kind: "text",
	sound: 2,
	sample: (random) => latin1(random.text("abc", 3, 9)),
	read,
	limits: [{ bound: "characters", n: 20, make: (n) => latin1("a".repeat(n)), within: "accepted", beyond: "refused" }],
});

const runWrong = (read: FuzzFormat["read"], longestMilliseconds?: number) => {
	const format = readerThat(read);
	return runStretch(format, inputsOf(format, KEPT_SEED), { from: 0, count: 2000 }, undefined, longestMilliseconds);
};

test("a reader that is right is not found", (t) => {
	const { found, accepted, refused } = runWrong((input) => verdict(input.length <= 20));
	t.deepEqual(found, []);
	t.true(accepted > 20 && refused > 20, `${accepted} accepted, ${refused} refused`);
});

test("a reader that throws is found, with the smallest input for which it does", (t) => {
	const { found } = runWrong((input) => {
		if (input.includes("c")) throw new RangeError("no c");
		return verdict(input.length <= 20);
	});
	t.is(Buffer.from(found[0]!.smallest).toString(), "c");
	t.regex(found[0]!.wrong, /^throws RangeError: no c/);
});

test("a reader whose bound is one too far is found", (t) => {
	const [found] = runWrong((input) => verdict(input.length <= 21)).found;
	t.is(found?.wrong, "accepted at characters 20 + 1, and not refused");
});

test("a reader that says what is not so is found", (t) => {
	const { found } = runWrong((input) => {
		if (input.includes("b")) throw new Finding("b differs");
		return verdict(input.length <= 20);
	});
	t.is(found[0]?.wrong, "b differs");
});

test("a reader that takes too long is found", (t) => {
	const { found } = runWrong((input) => {
		const until = processorTime() + (input.includes("ab") ? 40 : 0);
		while (processorTime() < until);
		return verdict(input.length <= 20);
	}, 20);
	t.is(Buffer.from(found[0]!.smallest).toString(), "ab");
	t.is(found[0]?.wrong, "takes longer than 20 ms");
});

test("an input is the same again by its seed and number, and another by another seed", (t) => {
	for (const format of fuzzFormats) {
		const [one, again, other] = [inputsOf(format, 7), inputsOf(format, 7), inputsOf(format, 8)];
		const numbers = Array.from({ length: 20 }, (_, n) => one.atLimits + n);
		t.deepEqual(
			numbers.toReversed().map((number) => one.make(number).bytes),
			numbers.map((number) => again.make(number).bytes).reverse(),
		);
		t.notDeepEqual(
			numbers.map((number) => one.make(number).bytes),
			numbers.map((number) => other.make(number).bytes),
		);
	}
});

const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
	.filter((name) => name.endsWith(".ts"))
	.map((name) => join("src", name));

test("every format of src/libkmod/formats has an entry, and every entry's files are there", (t) => {
	const known = new Set(fuzzFormats.flatMap((format) => format.sources));
	t.deepEqual(
		sources.filter((file) => file.startsWith("src/libkmod/formats/") && !known.has(file)),
		[],
	);
	t.deepEqual(
		[...known].filter((file) => !sources.includes(file)),
		[],
	);
});

/** Functions that read no format: they read files or sockets whose content functions of the table parse. */
const readNoFormat: readonly string[] = [
	...["readIndexes", "readIndexesLeniently", "readKnowledge", "readConfiguration", "readConfigurationFile"],
	...[
		"readDepmodConfig",
		"readModule",
		"readPolicy",
		"readSettings",
		"readAll",
		"readWhatThereIs",
		"readSwitch",
		"readKernelCommandLine",
		"readKernelSymbols",
		"readModuleFacts",
	],
	// Names and command-line words as bytes.
	...["readEntries", "readArguments", "readEnvironment", "readWorkingDirectory"],
	// Readers of the kernel's tables, and of parsed command lines.
	...["readPeer", "readLineage", "readDrops", "readWaiting", "readVerbosity", "readEntries", "readRejection"],
	// Those of explain, which read files whose content others parse.
	...["readFacts", "readModules", "readAnswers", "readKernelBlacklist"],
	// Its archives are read by parseCpio.
	"readImage",
	// uname(2)'s word.
	"readArchitecture",
	// Its records are read by parseKmsg.
	"readKernelLog",
	...["readArguments", "readEnvironment", "readWorkingDirectory", "readBounded", "checkRegular", "checkLength"],
];

test("every function of src that parses, reads or checks is in an entry, or reads no format", (t) => {
	const functions = sources.flatMap((file) =>
		[
			...readFileSync(file, "utf8").matchAll(/^export (?:async )?(?:function|const) ((?:parse|read|check)[A-Z]\w*)/gm),
		].map(([, name = ""]) => name),
	);
	t.true(functions.length > 40);
	const known = new Set([...fuzzFormats.flatMap(({ readers }) => readers), ...readNoFormat]);
	t.deepEqual(
		functions.filter((name) => !known.has(name)),
		[],
	);
	t.deepEqual(
		[...known].filter((name) => !functions.includes(name)),
		[],
	);
});
