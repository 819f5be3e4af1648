import { readdirSync, readFileSync } from "node:fs";
import test from "ava";
import { noPolicy } from "../../../src/agent/policy/policy.js";
import { parsePolicy } from "../../../src/agent/policy/policy-file.js";
import { readPolicy } from "../../../src/agent/policy/policy-files.js";
import { ruleKinds } from "../../../src/agent/policy/policy-rules.js";
import { bounds } from "../../../src/libkmod/kernel/bounds.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";
import { filesIn } from "../../support/worlds/world.js";

test("an empty file is a policy without rules", (t) => {
	t.deepEqual(parsePolicy("f", "# nothing\n"), { value: { policy: noPolicy, source: undefined }, problems: [] });
});

test("rules of every kind are read in order, and each knows its line", (t) => {
	const text = `source = "kernel"

[[deny]]
module = "a"

[[deny]] # of cards
alias = "pci:*"
[deny.property]
DRIVER = ["x", "y"]

[[ignore]]
devpath = "/devices/virtual/*"
[[allow]]
module = '''b'''
[[mask]]
module = ["c"]
[[load]]
subsystem = "scsi"
load = "sg"
[[run]]
action = "add"
command = [
	"/bin/true", # [[run]]
	"]",
	"""
[[deny]]
""",
]
[[run]]
action = ["remove"]
command = ["/bin/false"]
`;
	const { value, problems } = parsePolicy("f", text);
	t.deepEqual(problems, []);
	t.is(value.source, "kernel");
	const lines = ruleKinds.map((kind) => [kind, value.policy[kind].map(({ source }) => source.line)]);
	t.deepEqual(Object.fromEntries(lines), {
		ignore: [11],
		deny: [3, 6],
		allow: [13],
		mask: [15],
		load: [17],
		run: [20, 29],
	});
	t.deepEqual(value.policy.deny[1]?.property, [["DRIVER", ["x", "y"]]]);
	t.deepEqual(value.policy.run[0]?.command, ["/bin/true", "]", "[[deny]]\n"]);
});

test("rules may stand in a list, each in its line", (t) => {
	const { value, problems } = parsePolicy(
		"f",
		'mask = [\n  { module = "a" }, # {\n  { module = ["b", "}"] },\n\n  { module = "c" } ]\n',
	);
	t.deepEqual(problems, []);
	t.deepEqual(
		value.policy.mask.map(({ source }) => source.line),
		[2, 3, 5],
	);
});

const wrong = test.macro({
	exec(t, text: string, line: number, message: RegExp) {
		const { value, problems } = parsePolicy("f", `[[mask]]\nmodule = "right"\n${text}`);
		t.deepEqual(
			problems.map((problem) => `${problem.file} ${problem.line}`),
			[`f ${2 + line}`],
			JSON.stringify(problems),
		);
		t.regex(problems[0]?.message ?? "", message);
		const rules = Object.values(value.policy).flat();
		t.is(rules.length, 1, "the rule that is wrong is left out, the other one counts");
	},
	title: (_, text) => `a problem with its line: ${JSON.stringify(text)}`,
});

test(wrong, "[[mask]]\n\nmodul = 'x'", 3, /^modul is no key of such a rule; its keys are module$/);
test(wrong, "[[mask]]\nmodule = 'x'\naction = 'add'", 3, /^action is no key/);
test(wrong, "[[mask]]", 1, /^mask must say by module/);
test(wrong, "[[mask]]\nmodule = 1", 2, /^module must be a string or a list of strings$/);
test(wrong, "[[mask]]\nmodule = []", 2, /^module must be a string or a list/);
test(wrong, "[[mask]]\nmodule = ['x', 1]", 2, /^module must be a string or a list/);
test(wrong, "[[mask]]\nmodule = ['x', ['y']]", 2, /^module must be a string or a list/);
test(wrong, "[[mask]]\nmodule = 'x[y'", 2, /^module has a bracket without its other one: x\[y$/);
test(wrong, "[[mask]]\nmodule = ''", 2, /^module must not be empty/);
test(wrong, "[[mask]]\nmodule = 1979-05-27", 2, /^module must be/);
test(wrong, '[[mask]]\n\n"m\\u006fdule" = 1', 3, /^module must be a string/);
test(wrong, "[[allow]]\nmodule = 'x'\nproperty = 1", 3, /^property must be a table/);
test(wrong, "[[allow]]\nmodule = 'x'\nproperty = 1979-05-27", 3, /^property must be a table/);
test(wrong, "[[deny]]", 1, /^deny without any condition/);
test(wrong, "[[deny]]\nalias = '''a\nb'''", 2, /^alias must not be empty or have a NUL or a newline/);
test(wrong, "[[ignore]]", 1, /^ignore without any condition/);
test(wrong, "[[ignore]]\nmodule = 'x'", 2, /^module is no key/);
test(wrong, "[[ignore]]\nmodule = 'x'\nsubsystem = 'y'", 2, /^module is no key/);
test(wrong, "[[ignore]]\naction = 'added'", 2, /^action must be of add, remove, change/);
test(wrong, "[[ignore]]\naction = 'a*'", 2, /^action must be of add/);
test(wrong, "[[allow]]\nsubsystem = 'usb'", 1, /^allow must say by module or alias/);
test(wrong, "[[allow]]\nmodule = 'x'\nproperty = 'DEVTYPE'", 3, /^property must be a table/);
test(wrong, "[[allow]]\nmodule = 'x'\n[allow.property]", 3, /^property must be a table/);
test(wrong, "[[allow]]\nmodule = 'x'\n[allow.property]\n\nDEVTYPE = 3", 3, /^property DEVTYPE must be a string/);
test(wrong, "[[allow]]\nmodule = 'x'\nproperty.'A=B' = 'c'", 3, /^property has a key that a uevent cannot have: A=B$/);
test(wrong, "[[load]]\nsubsystem = 'usb'", 1, /^load must say by load or own_aliases/);
test(wrong, "[[load]]\nsubsystem = 'usb'\nown_aliases = 'yes'", 3, /^own_aliases must be true or false$/);
test(wrong, "[[load]]\nload = 'x'\naction = 'change'", 1, /^load must say for which devices/);
test(wrong, "[[run]]\naction = 'add'", 1, /^run must say by command/);
test(wrong, "[[run]]\ncommand = ['/bin/x']", 1, /^run must say by action/);
test(wrong, "[[run]]\naction = 'add'\ncommand = '/bin/x'", 3, /^command must be a list of strings/);
test(wrong, "[[run]]\naction = 'add'\ncommand = []", 3, /^command must be a list of strings/);
test(wrong, "[[run]]\naction = 'add'\ncommand = ['x']", 3, /^command must begin with a program's absolute path$/);
test(wrong, "[[run]]\naction = 'add'\ncommand = ['/bin/x', 1]", 3, /^command must be a list of strings/);
for (const name of ["PATH", "LD_PRELOAD", "MODPROBE_OPTIONS", "BASH_ENV", "ENV", "IFS", "NODE_OPTIONS", "PYTHONPATH"])
	test(
		wrong,
		`[[run]]\naction = 'add'\ncommand = ['/bin/x']\nenvironment = ["NAME", "${name}"]`,
		4,
		new RegExp(`^environment must not have ${name}, which makes programs do something else$`),
	);
test(
	wrong,
	"[[run]]\naction = 'add'\ncommand = ['/bin/x']\nenvironment = ['a-b']",
	4,
	/^environment has a name that a uevent cannot have, or that is too long: a-b$/,
);
test(
	wrong,
	"[[run]]\naction = 'add'\ncommand = ['/bin/x']\ntimeout_seconds = 0",
	4,
	/^timeout_seconds must be a number from/,
);
test(
	wrong,
	"[[run]]\naction = 'add'\ncommand = ['/bin/x']\ntimeout_seconds = nan",
	4,
	/^timeout_seconds must be a number/,
);
test(
	wrong,
	"[[run]]\naction = 'add'\ncommand = ['/bin/x']\ntimeout_seconds = 3601",
	4,
	/^timeout_seconds must be a number/,
);
test(wrong, "[[denied]]\nmodule = 'x'", 1, /^denied is no kind of rule; there are ignore, deny, /);
test(wrong, "[deny]\nmodule = 'x'", 1, /^deny must be a list of tables: \[\[deny\]\]$/);
test(wrong, "[[__proto__]]\nmodule = 'x'", 1, /^__proto__ is no kind of rule/);
test(wrong, "[[toString]]", 1, /^toString is no kind of rule/);

test("a byte order mark moves no line", (t) => {
	const { value, problems } = parsePolicy("f", "\xef\xbb\xbf[[mask]]\nmodule = 'x'\n[[mask]]\n\nmodule = 1");
	t.deepEqual(problems, [{ file: "f", line: 5, message: "module must be a string or a list of strings" }]);
	t.is(value.policy.mask[0]?.source.line, 1);
});

test("a property may have any name that a uevent's key may have", (t) => {
	const { value, problems } = parsePolicy("f", "[[deny]]\nproperty.__proto__ = 'x'\nproperty.constructor = 'y'");
	t.deepEqual(problems, []);
	t.deepEqual(value.policy.deny[0]?.property, [
		["__proto__", ["x"]],
		["constructor", ["y"]],
	]);
});

test("every mistake of a rule is told: wrong values by kind, then unknown keys, and only without these what is lacking", (t) => {
	const told = (text: string) => parsePolicy("f", text).problems.map(({ line, message }) => `${line} ${message}`);
	t.deepEqual(told("[[run]]"), ["1 run must say by command what is run", "1 run must say by action when it is run"]);
	t.deepEqual(told("[[run]]\nx = 1\ncommand = [1, '']\ny = 1\naction = [1, 2]"), [
		"5 action must be a string or a list of strings",
		"3 command must be a list of strings: a program and its arguments",
		"2 x is no key of such a rule; its keys are action, subsystem, devpath, property, command, timeout_seconds, environment",
		"4 y is no key of such a rule; its keys are action, subsystem, devpath, property, command, timeout_seconds, environment",
	]);
});

test("problems of the file's own keys have their lines too", (t) => {
	const { problems } = parsePolicy("f", "source = 'network'\n\nmask = 3\nother = 1\ndeny = [1]");
	t.deepEqual(
		problems.map(({ line, message }) => `${line} ${message}`),
		[
			"1 source must be kernel or udev",
			"3 mask must be a list of tables: [[mask]]",
			"4 other is no kind of rule; there are ignore, deny, allow, mask, load, run",
			"5 deny must be a list of tables: [[deny]]",
		],
	);
});

test("a file that is no TOML is one problem with its line, and has no rules", (t) => {
	const { value, problems } = parsePolicy("f", "[[mask]]\nmodule = 'x'\n[[mask]\n");
	t.like(problems, [{ file: "f", line: 3 }]);
	t.deepEqual(value.policy, noPolicy);
});

test("no text makes it throw, and lines are those of the text", (t) => {
	const random = seededRandom(t);
	const pieces = [
		"[[deny]]",
		"[[run]]",
		"[deny.property]",
		"\n",
		"\n",
		"module",
		"command",
		"action",
		" = ",
		'"x"',
		"'''",
		'"""',
		"[",
		"]",
		"{",
		"}",
		"#",
		",",
		"\\",
		"\0",
		"é",
		"3",
		".",
		"source",
		"mask = [{module='x'}]",
	];
	let right = 0;
	for (let round = 0; round < 10_000; round++) {
		const text = random.text(pieces, 0, 12);
		const { value, problems } = parsePolicy("f", text);
		const count = text.split("\n").length;
		for (const { line } of problems) t.true(Number.isInteger(line) && line >= 0 && line <= count, JSON.stringify(text));
		for (const { source } of Object.values(value.policy).flat()) {
			t.true(source.line >= 1 && source.line <= count, JSON.stringify(text));
			right++;
		}
	}
	t.true(right > 10);
});

const content = (files: Readonly<Record<string, string>>) =>
	filesIn(new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)])));

test("a file hides that of its name in a later directory, and files count in the order of their names", async (t) => {
	const files = content({
		"/etc/r/b.toml": "[[mask]]\nmodule = 'etc-b'",
		"/etc/r/empty.toml": "",
		"/etc/r/c.conf": "rubbish",
		"/etc/r/.d.toml": "rubbish",
		"/usr/r/a.toml": "[[mask]]\nmodule = 'usr-a'",
		"/usr/r/b.toml": "[[mask]]\nmodule = 'usr-b'",
		"/usr/r/empty.toml": "[[mask]]\nmodule = 'usr-empty'",
	});
	const { value, read, problems } = await readPolicy(
		files,
		{ directories: ["/etc/r", "/usr/r", "/none"], named: false },
		"kernel",
	);
	t.deepEqual(problems, []);
	t.deepEqual(read, ["/usr/r/a.toml", "/etc/r/b.toml"]);
	t.deepEqual(
		value.mask.map(({ module, source }) => `${module} ${source.file}`),
		["usr_a /usr/r/a.toml", "etc_b /etc/r/b.toml"],
	);
});

test("a directory that was named and is none is a problem, and the others count", async (t) => {
	const files = content({ "/r/a.toml": "[[mask]]\nmodule = 'a'", "/file": "" });
	const { value, problems } = await readPolicy(files, { directories: ["/file", "/none", "/r"], named: true }, "kernel");
	t.deepEqual(problems, [
		{ file: "/file", line: 0, message: "is no directory" },
		{ file: "/none", line: 0, message: "there is no such directory" },
	]);
	t.is(value.mask.length, 1);
});

test("a file for another source of uevents does not count, however that is written", async (t) => {
	const files = content({
		"/r/a.toml": "# ours\nsource = \"udev\"\n[[mask]]\nmodule = 'a'",
		"/r/b.toml": "source = 'kernel'\n[[mask]]\nmodule = 'b'",
		"/r/c.toml": "  source  =  '''udev''' # so it is\n[[mask]]\nmodule = 'c'",
		"/r/d.toml": "[[mask]]\nmodule = 'd'",
	});
	const read = async (source: "kernel" | "udev") => {
		const { value, problems, read: paths } = await readPolicy(files, { directories: ["/r"], named: false }, source);
		t.deepEqual(problems, []);
		return { paths, modules: value.mask.flatMap(({ module }) => module) };
	};
	t.deepEqual(await read("kernel"), { paths: ["/r/b.toml", "/r/d.toml"], modules: ["b", "d"] });
	t.deepEqual(await read("udev"), { paths: ["/r/a.toml", "/r/c.toml", "/r/d.toml"], modules: ["a", "c", "d"] });
});

test("a file or directory that cannot be read is a problem, and the others count", async (t) => {
	const readable = content({ "/r/a.toml": "[[mask]]\nmodule = 'a'", "/r/b.toml": "" });
	const refuse = (path: string): never => {
		throw new Refusal({ operation: "read", subject: path, code: "EACCES" });
	};
	const files = {
		...readable,
		list: (path: string) => (path === "/closed" ? refuse(path) : readable.list(path)),
		read: (path: string) => (path === "/r/b.toml" ? refuse(path) : readable.read(path)),
	};
	const { value, problems } = await readPolicy(files, { directories: ["/closed", "/r"], named: false }, "kernel");
	t.deepEqual(
		problems.map(({ file, line }) => `${file} ${line}`),
		["/closed 0", "/r/b.toml 0"],
	);
	t.is(value.mask.length, 1);
});

test("the shipped files have no problems, and load what udev's own rules load by name", async (t) => {
	const shipped = readdirSync("rules").filter((name) => name.endsWith(".toml"));
	t.true(shipped.length > 0);
	const files = content(
		Object.fromEntries(shipped.map((name) => [`/r/${name}`, readFileSync(`rules/${name}`, "utf8")])),
	);
	const alone = await readPolicy(files, { directories: ["/r"], named: false }, "kernel");
	t.deepEqual(alone.problems, []);
	const loads = alone.value.load.flatMap(({ load }) => load);
	t.deepEqual(loads, ["tifm_sd", "tifm_ms", "ms_block", "mspro_block", "i2o_block", "ppdev", "sg"]);
	const helping = await readPolicy(files, { directories: ["/r"], named: false }, "udev");
	t.deepEqual(helping.value.load, []);
});

test("the reference file is right, and has every kind of rule with every key", (t) => {
	const text = readFileSync("config/rules.toml", "utf8");
	const { value, problems } = parsePolicy("config/rules.toml", text);
	t.deepEqual(problems, []);
	t.is(value.source, "kernel");
	for (const kind of ruleKinds) {
		t.true(value.policy[kind].length > 0, kind);
		const [problem] = parsePolicy("f", `[[${kind}]]\nno_such_key = 1`).problems;
		const [, keys = ""] = /its keys are (.*)$/.exec(problem?.message ?? "") ?? [];
		t.true(keys.length > 0);
		for (const key of keys.split(", ")) t.regex(text, new RegExp(`^${key} = `, "m"), `${kind}: ${key}`);
	}
});

test("a file of the bound's size is read in a time that grows with it alone, whatever it has nested or repeated", (t) => {
	const size = bounds.settings.bytes;
	const count = Math.floor(size / 12) - 1;
	const inline = `deny = [${'{alias="x"},'.repeat(count)}]`;
	t.is(parsePolicy("f", inline).value.policy.deny.length, count);
	const tables = '[[deny]]\nalias="x"\n'.repeat(size / 20);
	t.is(parsePolicy("f", tables).value.policy.deny.length, Math.floor(size / 20));
	const mistakes = '[[deny]]\nalas="x"\n'.repeat(size / 20);
	t.true(parsePolicy("f", mistakes).problems.length >= Math.floor(size / 20));
	t.like(parsePolicy("f", `deny${".a".repeat(size / 2 - 8)} = 1`).problems, { length: 1 });
});
