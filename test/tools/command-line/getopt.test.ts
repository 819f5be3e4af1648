// Every case is also given to getopt(1) of util-linux, which prints the result of glibc's getopt_long(3), and the results are
// compared.
import { spawnSync } from "node:child_process";
import test from "ava";
import { parseOptions, type Scan, type Spelling } from "../../../src/tools/command-line/getopt.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";

const spellings: readonly Spelling[] = [
	{ key: "all", short: "a", long: ["all"], takesArgument: false },
	{ key: "quiet", short: "q", long: ["quiet"], takesArgument: false },
	{ key: "also", long: ["also"], takesArgument: false },
	{ key: "dirname", short: "d", long: ["dirname"], takesArgument: true },
	{ key: "config", short: "C", long: ["config"], takesArgument: true },
	{ key: "dry-run", short: "n", long: ["dry-run"], takesArgument: false },
];

/** getopt(1)'s answer: the words in its normal form, and the first line of its complaint. */
function askGetopt(words: readonly string[], permute: boolean): { normal: string; problem: string | undefined } {
	const short = spellings.map(
		(spelling) => (spelling.short ?? "") + (spelling.short && spelling.takesArgument ? ":" : ""),
	);
	const long = spellings.map((spelling) => spelling.long[0] + (spelling.takesArgument ? ":" : ""));
	const asked = ["-n", "p", "-o", (permute ? "" : "+") + short.join(""), "-l", long.join(","), "--", ...words];
	const { status, stdout, stderr } = spawnSync("getopt", asked, { encoding: "utf8" });
	if (status !== 0 && status !== 1) throw new Error(`getopt(1) answered ${status}: ${stderr}`);
	const [complaint] = stderr.split("\n");
	return { normal: stdout.trim(), problem: complaint ? complaint.replace(/^p: /, "").trimEnd() : undefined };
}

function normalForm({ occurrences, operands }: Scan): string {
	const options = occurrences.flatMap(({ spelling, argument }) =>
		argument === undefined ? [spelling] : [spelling, `'${argument}'`],
	);
	return [...options, "--", ...operands.map((operand) => `'${operand}'`)].join(" ");
}

const agrees = test.macro<[words: readonly string[], permute?: boolean]>({
	exec(t, words, permute = true) {
		const ours = parseOptions(words, spellings, permute);
		const theirs = askGetopt(words, permute);
		t.is(ours.problem, theirs.problem);
		if (ours.problem === undefined) t.is(normalForm(ours), theirs.normal);
	},
	title: (_, words, permute = true) => `${permute ? "permuting" : "in order"}: ${words.join(" ") || "nothing"}`,
});

test(agrees, []);
test(agrees, ["-aq", "e1000"]);
test(agrees, ["-aqd/tmp", "e1000"]);
test(agrees, ["-d", "/tmp", "--dirname=/a=b", "--dirname", "/c", "--dirname="]);
test(agrees, ["-d=x", "-d", "-a", "-d", "--"]);
test(agrees, ["--dir", "x", "--conf=y", "--q"]);
test(agrees, ["e1000", "-a", "debug=1", "--", "-q"]);
test(agrees, ["e1000", "-a", "debug=1", "--", "-q"], false);
test(agrees, ["-a", "--", "-q"], false);
test(agrees, ["-", "-a", "-"]);
test(agrees, ["-x"]);
test(agrees, ["-ax"]);
test(agrees, ["-:"]);
test(agrees, ["-a-q"]);
test(agrees, ["--foo"]);
test(agrees, ["--foo=bar"]);
test(agrees, ["---all"]);
test(agrees, ["--al"]);
test(agrees, ["--al=3"]);
test(agrees, ["--=x"]);
test(agrees, ["--all=x"]);
test(agrees, ["--qui=x"]);
test(agrees, ["-d"]);
test(agrees, ["-ad"]);
test(agrees, ["--dirn"]);
test(agrees, ["--dirname"]);

test("random command lines read as getopt(1) reads them", (t) => {
	const random = seededRandom(t);
	const parts = [
		"-",
		"--",
		"a",
		"q",
		"d",
		"C",
		"x",
		"all",
		"al",
		"quiet",
		"dirname",
		"dir",
		"=",
		"dry",
		"m",
		"",
		"also",
	];
	for (let round = 0; round < 150; round++) {
		const words = Array.from({ length: random.below(5) }, () => random.text(parts, 1, 4));
		const permute = random.below(2) === 0;
		const ours = parseOptions(words, spellings, permute);
		const theirs = askGetopt(words, permute);
		t.is(ours.problem, theirs.problem, JSON.stringify(words));
		if (ours.problem === undefined) t.is(normalForm(ours), theirs.normal, JSON.stringify(words));
	}
});

test("two long names of one option are not ambiguous, and the first is the one given", (t) => {
	const ignore: Spelling = { key: "i", short: "i", long: ["ignore-install", "ignore-remove"], takesArgument: false };
	t.deepEqual(parseOptions(["--ignore-", "--ignore-r"], [...spellings, ignore]).occurrences, [
		{ key: "i", spelling: "--ignore-install" },
		{ key: "i", spelling: "--ignore-remove" },
	]);
});

test("what stood before a problem is kept, so that an earlier --help still counts", (t) => {
	const scan = parseOptions(["-a", "-qx", "--also"], spellings);
	t.deepEqual(
		scan.occurrences.map(({ key }) => key),
		["all", "quiet"],
	);
	t.is(scan.problem, "invalid option -- 'x'");
});

test("a hundred thousand operands are no trouble", (t) => {
	const words = Array.from({ length: 200_000 }, (_, index) => `m${index}`);
	t.is(parseOptions(["-a", ...words], spellings).operands.length, words.length);
	t.is(parseOptions(["-a", "--", ...words], spellings).operands.length, words.length);
});
