import test from "ava";
import type { Command } from "../../../src/agent/commands/command-pool.js";
import {
	formatCompanionReply,
	parseCompanionReply,
	parseCompanionRequest,
	runByCompanion,
	runRuleByCompanion,
} from "../../../src/agent/commands/companion.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { isUtf8 } from "../../../src/libkmod/text/byte-strings.js";
import { LONGEST_END_MILLISECONDS } from "../../../src/linux/commands/run-command.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";

const parse = (line: string) => parseCompanionRequest(Buffer.from(line, "latin1"));

test("a module is asked for by its name", (t) => {
	t.deepEqual(parse("install snd_hda-intel.2"), { kind: "install", module: "snd_hda-intel.2" });
});

test("a rule is asked for by where it stands, with its device's environment", (t) => {
	const request = { file: "/etc/x.toml", line: 3, environment: { ACTION: "add", PATH: "/bin" } };
	t.deepEqual(parse(`rule ${JSON.stringify(request)}`), { kind: "rule", ...request });
});

test("which process it is may be asked for", (t) => {
	t.deepEqual(parse("tell install a"), { kind: "install", module: "a", tellsProcess: true });
	t.is(parse("tell tell install a"), undefined);
	t.is(parse("tell "), undefined);
});

test("the process that a companion tells of is told on, and is no answer", async (t) => {
	const pids: number[] = [];
	const run = runByCompanion(async (_path, _line, _timeout, isNews = () => false) => {
		t.true(isNews(Buffer.from("process 123")));
		for (const line of ["3", "process", "process 0", "process 1x", "process -1"]) t.false(isNews(Buffer.from(line)));
		return Buffer.from("3");
	}, "/run/companion");
	t.is(await run("command", environment, { onBegun: (pid) => pids.push(pid) }), 3);
	t.deepEqual(pids, [123]);
});

const refuses = test.macro({
	exec: (t, line: string) => t.is(parse(line), undefined),
	title: (title) => `${title} is no request`,
});

test("an empty line", refuses, "");
test("another word", refuses, "rm snd");
test("no name", refuses, "install ");
test("two names", refuses, "install a b");
test("a name with a tab", refuses, "install a\tb");
test("a name with a newline", refuses, "install a\nrm");
test("a name with a NUL", refuses, "install a\0b");
test("a path", refuses, "install ../../etc/x");
test("a hidden file", refuses, "install .x");
test("an option", refuses, "install -C.");
test("a name that a shell takes for something else", refuses, "install $(id)");
test("a name that is a pattern", refuses, "install a*");
test("a name that is no ASCII", refuses, "install \xe9");
test("a rule that is no JSON", refuses, "rule {");
test("a rule of a relative path", refuses, 'rule {"file":"x.toml","line":1,"environment":{}}');
test("a rule without a line", refuses, 'rule {"file":"/x.toml","environment":{}}');
test(
	"a rule with an environment that makes programs do something else",
	refuses,
	'rule {"file":"/x","line":1,"environment":{"LD_PRELOAD":"/x"}}',
);
test("a rule with a NUL", refuses, 'rule {"file":"/x","line":1,"environment":{"A":"\\u0000"}}');
test("a command", refuses, 'rule {"file":"/x","line":1,"command":["/bin/sh"]}');
test("a name longer than any file's", refuses, `install ${"a".repeat(256)}`);

test("a rule's words are the same bytes at both ends, and its line is UTF-8", async (t) => {
	const environment = { DEVPATH: "/devices/\xe9", ID_NAME: "l\xc3\xa0\xa0" };
	const lines: string[] = [];
	const complaint = "l\xc3\xa0 \xe9";
	const ask = async (_path: string, line: string) => {
		lines.push(line);
		return Buffer.from(formatCompanionReply({ exitStatus: 1, timedOut: false, complaint }).slice(0, -1), "latin1");
	};
	const rule = { file: "/etc/r\xe9.toml", line: 1 };
	const command = { rule, command: ["/bin/x"], environment, timeoutMilliseconds: 1 } as const;
	const ended = await runRuleByCompanion(ask, "/run/c")({ ...command, device: "", action: "add" }, () => {});
	t.is(ended.complaint, complaint);
	t.true(isUtf8(lines[0]!));
	t.like(parse(lines[0]!.slice(0, -1)), { kind: "rule", file: rule.file, environment });
});

test("replies are read as they are written", (t) => {
	for (const reply of [0, 1, 127, 255, "none", "failed", { exitStatus: 3, timedOut: false, complaint: "no" }] as const)
		t.deepEqual(parseCompanionReply(Buffer.from(formatCompanionReply(reply).slice(0, -1))), reply);
	for (const line of ["", "-1", "1000", "0x1", "nothing", "0 ", "none\n"])
		t.is(parseCompanionReply(Buffer.from(line)), undefined);
});

test("no bytes make it throw", (t) => {
	const random = seededRandom(t);
	for (let round = 0; round < 5000; round++) {
		const line = random.below(2)
			? random.bytes(random.below(40))
			: Buffer.from(random.text(["install", " ", "a", "\0"], 0, 6));
		const request = parseCompanionRequest(line);
		if (request?.kind === "install") t.regex(request.module, /^[^\s/\0]+$/);
		parseCompanionReply(line);
	}
});

const environment = { MODPROBE_MODULE: "foo" };

const runs = test.macro({
	async exec(t, reply: string, expected: number | string) {
		const asked: unknown[] = [];
		const run = runByCompanion(async (...question) => {
			asked.push(question.slice(0, 3));
			return Buffer.from(reply);
		}, "/run/companion");
		const met = await run("secret command", environment).catch((error: Refusal) => `${error.message}`);
		t.is(met, expected);
		t.deepEqual(asked, [["/run/companion", "tell install foo\n", 2 ** 31 - 1]]);
	},
	title: (title) => `${title}`,
});

test("the exit status is the command's, and the command itself is told to nobody", runs, "3", 3);
test("that there is no such command is a refusal", runs, "none", "run secret command: ENOENT");
test("that it could not be run is a refusal", runs, "failed", "run secret command: EIO");
test("an answer that is none is a refusal", runs, "rubbish", "run secret command: EIO");

test("a companion that cannot be reached is a refusal to run, with that reason", async (t) => {
	const run = runByCompanion(async (path) => {
		throw new Refusal({ operation: "ask", subject: path, code: "ECONNREFUSED", errno: 111 });
	}, "/run/companion");
	const refusal = await t.throwsAsync(run("command", environment), { instanceOf: Refusal });
	t.like(refusal, { operation: "run", subject: "command (by /run/companion)", code: "ECONNREFUSED", errno: 111 });
});

test("a fault of ours is no refusal", async (t) => {
	const run = runByCompanion(async () => {
		throw new TypeError("ours");
	}, "/run/companion");
	await t.throwsAsync(run("command", environment), { instanceOf: TypeError });
});

test("what is no name is not even sent", async (t) => {
	const run = runByCompanion(() => t.fail() as never, "/run/companion");
	await t.throwsAsync(run("command", { MODPROBE_MODULE: "a\nb" }), { message: "run command: EINVAL" });
	await t.throwsAsync(run("command", {}), { message: "run command: EINVAL" });
});

const command: Command = {
	device: "/devices/x",
	action: "add",
	rule: { file: "/p", line: 3 },
	command: ["/bin/x"],
	environment: {},
	timeoutMilliseconds: 1000,
};

test("a rule's companion has the rule's limit, the time to end what heeds none, and some to start, and no more", async (t) => {
	const limits: number[] = [];
	const run = runRuleByCompanion(async (_path, _line, timeoutMilliseconds) => {
		limits.push(timeoutMilliseconds);
		return Buffer.from("failed");
	}, "/run/companion");
	for (const timeoutMilliseconds of [1000, 3_600_000])
		await t.throwsAsync(
			run({ ...command, timeoutMilliseconds }, () => undefined),
			{ message: "run /bin/x: EIO" },
		);
	const [short = 0, long = 0] = limits;
	t.is(long - short, 3_599_000);
	t.true(short > 1000 + LONGEST_END_MILLISECONDS + 10_000, `${short}`);
	t.true(short < 60_000, `${short}`);
});

test("a companion that does not answer in time has run out of the rule's, and is named", async (t) => {
	const run = runRuleByCompanion(async (path) => {
		throw new Refusal({ operation: "ask", subject: path, code: "ETIMEDOUT" });
	}, "/run/companion");
	t.deepEqual(await run(command, () => undefined), {
		exitStatus: undefined,
		timedOut: true,
		complaint: "/run/companion did not answer",
	});
});
