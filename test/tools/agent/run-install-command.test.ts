// The companion and the agent's side of it, over a real socket.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { text } from "node:stream/consumers";
import test, { type ExecutionContext } from "ava";
import { type Command, type CommandReport, makeCommandPool } from "../../../src/agent/commands/command-pool.js";
import { runByCompanion, runRuleByCompanion } from "../../../src/agent/commands/companion.js";
import { ask } from "../../../src/linux/service/control-client.js";
import { serveCompanion } from "../../support/fakes/companion.js";
import { until } from "../../support/running/until.js";
import { writeProgram } from "../../support/running/written-program.js";
import { RELEASE } from "../../support/worlds/world.js";
import { worldWords, writeWorld } from "../../support/worlds/world-folder.js";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** @param config may contain OUTPUT, which stands for a file of the test */
async function companionOf(t: ExecutionContext, config: string) {
	const folder = mkdtempSync(join(tmpdir(), "companion-"));
	t.teardown(() => rmSync(folder, { recursive: true }));
	const output = join(folder, "output");
	writeWorld(folder, { modules: { foo: [], other: [] }, config: config.replaceAll("OUTPUT", output) });
	const companion = await serveCompanion(join(folder, "socket"), worldWords(folder));
	const run = runByCompanion(ask, companion.path);
	return {
		companion,
		run: (module: string) => run("not sent", { MODPROBE_MODULE: module }),
		send: (line: string) => text(connect(companion.path).end(line, "latin1")),
		output: () => readFileSync(output, "utf8"),
	};
}

test("a module's install command is run by its name, with its options, and the exit status comes back", async (t) => {
	const { companion, run, output } = await companionOf(
		t,
		`options foo level=3
install foo { echo "$MODPROBE_MODULE: $CMDLINE_OPTS"; [ -e /proc/$$/fd/3 ]; echo $?; env | grep -c ^LISTEN; } >OUTPUT; exit 7`,
	);
	t.is(await run("foo"), 7);
	// The command does not inherit the connection.
	t.is(output(), "foo: level=3\n1\n0\n");
	await companion.close();
	t.deepEqual(companion.ends, [{ status: 0, stdout: "", stderr: "" }]);
});

test("what the command writes goes where the companion's output goes, and is no answer", async (t) => {
	const { companion, run } = await companionOf(t, "install foo echo 5; echo words >&2; kill -TERM $$");
	t.is(await run("foo"), 128 + 15);
	await companion.close();
	t.deepEqual(companion.ends, [{ status: 0, stdout: "5\n", stderr: "words\n" }]);
});

test("a module without a command has none", async (t) => {
	const { companion, run } = await companionOf(t, "install foo true");
	await t.throwsAsync(run("other"), { message: "run not sent: ENOENT" });
	await companion.close();
	t.deepEqual(companion.ends, [
		{ status: 1, stdout: "", stderr: "hotplugd run-install-command: other has no install command\n" },
	]);
});

test("a command that counts for nothing because of softdeps is not run", async (t) => {
	const { companion, run } = await companionOf(t, "install foo echo run >OUTPUT\nsoftdep foo pre: other");
	await t.throwsAsync(run("foo"), { message: "run not sent: ENOENT" });
	await companion.close();
});

const refuses = test.macro({
	async exec(t, line: string) {
		const { companion, send } = await companionOf(t, "install foo echo run >OUTPUT");
		t.is(await send(line), "failed\n");
		await companion.close();
		const stderr = "hotplugd run-install-command: refused a request that asks for no command of a module or a rule\n";
		t.deepEqual(companion.ends, [{ status: 1, stdout: "", stderr }]);
	},
	title: (title) => `${title} is refused`,
});

test("a command of the client's own", refuses, "install foo; touch /tmp/x\n");
test("another word", refuses, "rule foo\n");
test("half a line", refuses, "install foo");
test("nothing", refuses, "");
test("a line without end", refuses, "install ".padEnd(100_000, "x"));
test("rubbish", refuses, "\0\xff\n");

test("a client that says nothing is left alone after ten seconds", async (t) => {
	const { companion } = await companionOf(t, "install foo echo run >OUTPUT");
	t.is(await text(connect({ path: companion.path, allowHalfOpen: true })), "failed\n");
	await companion.close();
	t.is(companion.ends[0]?.status, 1);
});

test("two requests on a connection are one", async (t) => {
	const { companion, send, output } = await companionOf(
		t,
		"install foo echo foo >>OUTPUT\ninstall other echo other >>OUTPUT",
	);
	t.is(await send("install foo\ninstall other\n"), "0\n");
	t.is(output(), "foo\n");
	await companion.close();
});

test("without indexes it runs nothing, and says which is missing", async (t) => {
	const { companion, run } = await companionOf(t, "install foo true");
	execFileSync("rm", ["-r", join(companion.path, "../lib/modules")]);
	await t.throwsAsync(run("foo"), { message: "run not sent: EIO" });
	await companion.close();
	t.regex(companion.ends[0]!.stderr, /^hotplugd run-install-command: .* has no modules\.dep\.bin/);
});

test("where its options name no machine, who asked is told that it failed", async (t) => {
	const folder = mkdtempSync(join(tmpdir(), "companion-"));
	t.teardown(() => rmSync(folder, { recursive: true }));
	for (const [words, why] of [
		[["--policy", ""], "--policy names no directory: it is empty"],
		[["-d", join(folder, "none")], `-d ${join(folder, "none")}: there is no such directory`],
	] as const) {
		const companion = await serveCompanion(join(folder, "socket"), words);
		t.is(await text(connect(companion.path).end("install foo\n")), "failed\n");
		await companion.close();
		t.deepEqual(companion.ends, [{ status: 1, stdout: "", stderr: `hotplugd run-install-command: ${why}\n` }]);
	}
});

test("a rule is found where it stands below a root that is named by a relative path", async (t) => {
	const folder = mkdtempSync(join(tmpdir(), "companion-"));
	t.teardown(() => rmSync(folder, { recursive: true }));
	const root = relative(process.cwd(), folder);
	// The path by which an agent with the same options names the file.
	const file = `${process.cwd()}/${root}/etc/hotplugd/rules.d/x.toml`;
	mkdirSync(dirname(file), { recursive: true });
	writeFileSync(file, '[[run]]\naction = "add"\nsubsystem = "usb"\ncommand = ["/bin/sh", "-c", "exit 7"]\n');
	writeWorld(folder, { modules: { foo: [] } });
	const words = ["-d", root, "-S", RELEASE];
	const companion = await serveCompanion(join(folder, "socket"), words);
	const request = `rule ${JSON.stringify({ file, line: 1, environment: device })}\n`;
	t.is(await text(connect(companion.path).end(request)), '{"exitStatus":7,"timedOut":false,"complaint":""}\n');
	await companion.close();
	t.is(companion.ends[0]?.stderr, "");
});

test("without a connection it says who starts it", (t) => {
	const error = t.throws(
		() => execFileSync(process.execPath, ["dist/main.js", "run-install-command"], { stdio: "pipe", encoding: "utf8" }),
		{ instanceOf: Error },
	) as Error & { status: number; stderr: string };
	t.is(error.status, 2);
	t.is(
		error.stderr,
		"hotplugd run-install-command: no connection was passed: hotplugd-command.socket starts this command\n",
	);
});

test("an install command finds a PATH and its module in its environment, and nothing of the companion's", async (t) => {
	const { companion, run, output } = await companionOf(t, "install foo cat /proc/$$/environ >OUTPUT");
	t.is(await run("foo"), 0);
	const variables = output().split("\0").slice(0, -1).sort();
	t.deepEqual(variables, ["MODPROBE_MODULE=foo", `PATH=${PATH}`]);
	await companion.close();
});

/**
 * A rule for a program that writes its environment to a file, and a companion that reads the rule.
 * @param keys further lines of the rule
 */
async function ruleOf(t: ExecutionContext, keys: string) {
	const folder = mkdtempSync(join(tmpdir(), "companion-"));
	t.teardown(() => rmSync(folder, { recursive: true }));
	const [rules, output, program] = ["rules", "output", "tell"].map((name) => join(folder, name)) as [
		...[string, string, string],
	];
	mkdirSync(rules);
	// A directory with another `cat`, which a PATH in the agent's request would find.
	mkdirSync(join(folder, "planted"));
	writeProgram(join(folder, "planted/cat"), `#!/bin/sh\necho planted >${output}\n`);
	writeProgram(program, `#!/bin/sh\ncat /proc/$$/environ >${output}\n`);
	const file = join(rules, "x.toml");
	writeFileSync(file, `[[run]]\naction = "add"\nsubsystem = "usb"\ncommand = [${JSON.stringify(program)}]\n${keys}`);
	writeWorld(folder, { modules: {} });
	const companion = await serveCompanion(join(folder, "socket"), [...worldWords(folder), "--policy", rules]);
	return {
		file,
		companion,
		planted: join(folder, "planted"),
		ask: (request: object) =>
			text(connect(companion.path).end(`rule ${JSON.stringify({ file, line: 1, ...request })}\n`)),
		output: () => readFileSync(output, "latin1").split("\0").slice(0, -1).sort(),
	};
}

const device = { ACTION: "add", DEVPATH: "/devices/x", SUBSYSTEM: "usb" };
const own = ["ACTION=add", "DEVPATH=/devices/x", `PATH=${PATH}`, "SUBSYSTEM=usb"];

test("whatever PATH the agent says, a rule's command has the companion's own", async (t) => {
	const { companion, ask, output, planted } = await ruleOf(t, "");
	t.is(await ask({ environment: { ...device, PATH: planted } }), '{"exitStatus":0,"timedOut":false,"complaint":""}\n');
	t.deepEqual(output(), own);
	await companion.close();
});

test("of what else the agent says, a rule's command is told what is data or what the rule lists", async (t) => {
	const { companion, ask, output } = await ruleOf(t, 'environment = ["NAME"]\n');
	const data = { ID_MODEL: "m", NAME: "n" };
	const others = {
		MODPROBE_OPTIONS: "-C /evil",
		FOO: "1",
		GIT_SSH: "/evil",
		LANG: "x",
		XDG_CONFIG_HOME: "/evil",
		MODPROBE_MODULE: "x",
	};
	await ask({ environment: { ...device, ...data, ...others }, command: ["/bin/evil"], timeoutMilliseconds: 1 });
	t.deepEqual(output(), [...own, "ID_MODEL=m", "NAME=n"].sort());
	await companion.close();
});

test("a rule is not run for what it is not about, nor one of a file that is no policy", async (t) => {
	const { companion, ask, file } = await ruleOf(t, "");
	t.is(await ask({ environment: { ...device, ACTION: "remove" } }), "none\n");
	t.is(await ask({ environment: { ...device, SUBSYSTEM: "net" } }), "none\n");
	t.is(await ask({ environment: { DEVPATH: "/devices/x" } }), "none\n");
	t.is(await ask({ environment: { ACTION: "add", SUBSYSTEM: "usb" } }), "none\n");
	t.is(await ask({ environment: { ACTION: "add", DEVPATH: "/devices/x" } }), "none\n");
	// A value that is too long is left out of a command's environment; without DEVPATH the rule is not run.
	t.is(await ask({ environment: { ...device, DEVPATH: `/devices/${"x".repeat(5000)}` } }), "none\n");
	t.is(await ask({ environment: device, file: `${file}/../x.toml` }), "none\n");
	t.is(await ask({ environment: device, file: "/etc/passwd" }), "none\n");
	t.is(await ask({ environment: device, line: 2 }), "none\n");
	t.is(await ask({ environment: { ...device, LD_PRELOAD: "/evil" } }), "failed\n");
	await companion.close();
	t.regex(companion.ends[0]!.stderr, /line 1 is about other devices or actions than the request\n$/);
});

test("a rule's command is run by where the rule stands, and nothing else is", async (t) => {
	const folder = mkdtempSync(join(tmpdir(), "companion-"));
	t.teardown(() => rmSync(folder, { recursive: true }));
	const output = join(folder, "output");
	const rules = join(folder, "rules");
	mkdirSync(rules);
	const program = join(folder, "tell");
	writeProgram(
		program,
		`#!/bin/sh\necho $$ >${output}.pid\necho "$ACTION $DEVPATH $0 $1 $(env | grep -c ^LISTEN)" >${output}\necho no >&2\nexit 7\n`,
	);
	writeFileSync(
		join(rules, "x.toml"),
		`[[run]]\naction = "add"\nsubsystem = "usb"\ncommand = [${JSON.stringify(program)}, "word"]\n`,
	);
	writeWorld(folder, { modules: { foo: [] } });
	const companion = await serveCompanion(join(folder, "socket"), [...worldWords(folder), "--policy", rules]);
	const run = runRuleByCompanion(ask, companion.path);
	const command = (line: number): Command => ({
		device: "/devices/x",
		action: "add",
		rule: { file: join(rules, "x.toml"), line },
		command: ["/bin/never"],
		environment: { ACTION: "add", DEVPATH: "/devices/x", SUBSYSTEM: "usb", PATH: "/usr/bin:/bin" },
		timeoutMilliseconds: 5000,
	});
	const pids: number[] = [];
	t.deepEqual(await run(command(1), (pid) => pids.push(pid)), { exitStatus: 7, timedOut: false, complaint: "no\n" });
	t.is(readFileSync(output, "utf8"), `add /devices/x ${program} word 0\n`);
	t.is(readFileSync(`${output}.pid`, "utf8"), `${pids}\n`);
	await t.throwsAsync(
		run(command(2), () => undefined),
		{ message: "run /bin/never: ENOENT" },
	);
	await companion.close();
});

test("a companion that takes a rule and never answers keeps no place, and nobody who stops", async (t) => {
	const folder = mkdtempSync(join(tmpdir(), "companion-"));
	t.teardown(() => rmSync(folder, { recursive: true }));
	const path = join(folder, "socket");
	const asked: string[] = [];
	const mute = createServer((socket) => void socket.on("data", (line) => asked.push(String(line))));
	await once(mute.listen(path), "listening");
	t.teardown(() => mute.close());
	const reports: CommandReport[] = [];
	const pool = makeCommandPool({
		run: runRuleByCompanion(ask, path, 500),
		atOnce: 1,
		report: (report) => void reports.push(report),
	});
	for (const device of ["/devices/one", "/devices/two"])
		pool.add({
			device,
			action: "add",
			rule: { file: "/rules/x.toml", line: 1 },
			command: ["/bin/true"],
			environment: {},
			timeoutMilliseconds: 500,
		});
	// The second command takes the place of the first. The companion may be ended before it has read a request, but the end of
	// each command is reported.
	await until(() => reports.length > 0);
	await pool.stop();
	t.true(asked.length > 0);
	t.deepEqual(
		reports.map(({ command, result }) => `${command.device} ${result}`),
		["/devices/one timed out", "/devices/two timed out"],
	);
});
