// README.md, and the two tables that it links to: the improvements over kmod, and libkmod's functions.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import test from "ava";
import { openKmod } from "../../src/index.js";
import { CAPTURED_MACHINE } from "../../src/tools/agent/agent-start.js";
import { blocksOf, commandsOf, sectionOf } from "../support/project/pages.js";
import { functionNames } from "../support/real/libkmod.js";

const commands = commandsOf("README.md");

// Commands that precede this test.
const alreadyRun = ["npm ci", "npm test"];

/** The output of the README's other commands. */
function runOthers(): readonly string[] {
	const others = commands.filter((command) => !alreadyRun.includes(command));
	return others.map((command) => {
		if (!command.startsWith("node dist/main.js ")) throw new Error(`${command} is run by no test`);
		return execFileSync("sh", ["-c", command.replace(/^node/, `'${process.execPath}'`)], { encoding: "utf8" });
	});
}

test("every command of the README's runs", (t) => {
	const outputs = runOthers();
	t.true(outputs.length > 0);
	for (const output of outputs) {
		t.regex(output, /^\d+ modules to load in \d+ batches for \d+ of \d+ devices; \d+ without a driver, 2 kept out/);
		t.regex(output, /^DEVICE +DRIVER NOW +MODULES +CAUSE$/m);
		t.regex(output, /blacklisted by \/etc\/modprobe.d\/example.conf:2/);
	}
});

test("the README's sample is what its first command prints, but for the lines that are left out", (t) => {
	const [output = ""] = runOthers();
	const printed = output.replaceAll(`${process.cwd()}/`, "").split("\n");
	const [sample = ""] = blocksOf("README.md", "text");
	const parts = sample.trimEnd().split("\n...\n");
	t.true(parts.length > 3);
	let at = 0;
	for (const part of parts) {
		const lines = part.split("\n");
		const found = printed.findIndex(
			(_, from) => from >= at && lines.every((line, offset) => printed[from + offset] === line),
		);
		t.not(found, -1, part);
		at = found + lines.length;
	}
});

test("whoever has no modules is told the README's own first command", (t) => {
	t.true(commands.includes(CAPTURED_MACHINE), CAPTURED_MACHINE);
});

/** Each bullet of "Better than kmod" by words of it: the test file that shows it, and the title of the test. */
const better: readonly (readonly [says: string, file: string, test: string])[] = [
	["`modprobe.blacklist=`", "test/tools/modprobe/differences.test.ts", "modprobe.blacklist= takes dashes and quotes"],
	["`depmod` fails", "test/tools/depmod/depmod.test.ts", "makes depmod fail, and the old files stay whole"],
	["equal priority", "test/libkmod/depmod/module-search.test.ts", "files of one rank are settled by their paths"],
	["says why nothing was loaded", "test/tools/modprobe/messages.test.ts", "here is in the kernel already"],
	[
		"explained in one sentence",
		"test/tools/modprobe/messages.test.ts",
		"the kernel's answers are explained in one sentence",
	],
	["honour_every_line", "test/libkmod/kmod/kmod.test.ts", "one setting makes both of them count"],
];

test("what is said to be better than kmod is shown by a test each, and every such test has its word there", (t) => {
	const bullets = sectionOf("docs/kmod-tools.md", "## Better than kmod").match(/^- .*(?:\n {2}.*)*/gm) ?? [];
	t.is(bullets.length, better.length);
	for (const bullet of bullets) t.is(better.filter(([says]) => bullet.includes(says)).length, 1, bullet);
	for (const [says, file, title] of better) t.true(readFileSync(file, "utf8").includes(title), `${says}: ${title}`);
});

test("the library's table has every function of libkmod, and names what there is", (t) => {
	const rows = [...sectionOf("docs/library.md", "## libkmod's functions").matchAll(/^\| (.*) \| (.*) \|$/gm)].slice(1);
	t.true(rows.length > 8);
	const patterns = rows.flatMap(([, theirs = ""]) => codeIn(theirs)).map(asPattern);
	t.deepEqual(
		functionNames.filter((name) => !patterns.some((pattern) => pattern.test(name))),
		[],
	);
	const kmod = openKmod({ moduleDirectory: "/nowhere" });
	const named = rows
		.filter(([, theirs]) => !theirs!.startsWith("its flags"))
		.flatMap(([, , ours = ""]) => codeIn(ours));
	const names = named.map((code) => /^\w+/.exec(code)![0]);
	t.deepEqual(
		names.filter((name) => !(name in kmod) && name !== openKmod.name),
		[],
	);
});

const codeIn = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code!);

/** A pattern for the functions that a cell such as `get_{a,b}*` stands for, with libkmod's prefixes. */
function asPattern(code: string): RegExp {
	const choices = code.replaceAll(/\{([^}]*)\}/g, (_, words: string) => `(?:${words.replaceAll(",", "|")})`);
	return new RegExp(`^kmod_(?:module_)?${choices.replaceAll("*", ".*")}$`);
}
