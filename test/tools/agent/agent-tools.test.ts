import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { answerControl, type Controlled } from "../../../src/agent/control/answers.js";
import type { LoadRequest } from "../../../src/agent/control/protocol.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { listenControl } from "../../../src/linux/service/control-socket.js";
import { run, thisMachine } from "../../../src/main.js";
import type { Machine } from "../../../src/ports/machine.js";
import { sampleStatus } from "../../support/running/agent-status.js";
import { sampleTimeline } from "../../support/running/agent-timeline.js";

const folder = mkdtempSync(join(tmpdir(), "agent-tools-"));
const socket = join(folder, "run/control");
let served: Awaited<ReturnType<typeof listenControl>>;
const loaded: LoadRequest[] = [];
const done: string[] = [];
/** The last call of a command. Tests run concurrently, so that a test may look only at the calls of its own command. */
const lastOf = (command: string) => done.findLast((one) => one.startsWith(command));

const agent: Controlled = {
	status: () => sampleStatus,
	async settle(milliseconds) {
		done.push(`settle ${milliseconds}`);
		const modules = Array.from({ length: 12 }, (_, i) => `module${i}`);
		return { settled: milliseconds >= 60_000, waiting_for: milliseconds >= 60_000 ? [] : modules };
	},
	async reload() {
		done.push("reload");
		return { problems: done.filter((one) => one === "reload").length - 1 };
	},
	async load(request) {
		loaded.push(request);
		if (request.alias === "broken") return { result: "failed", explanation: "broken: \x1b[31mENOEXEC" };
		if (request.alias === "refused") throw new Error("it is stopping");
		if (request.alias === "unknown") return { result: "nothing", explanation: "no module has unknown" };
		return { result: request.wait ? "done" : "taken", explanation: "" };
	},
	stop: () => void done.push("stop"),
	metrics: async () => "# TYPE x counter\nx 1\n",
	timeline: () => sampleTimeline,
	failed: () => undefined,
};

test.before(async () => {
	served = await listenControl({ path: socket, answer: (line, client) => answerControl(agent, line, client) });
});
test.after.always(async () => {
	await served.close();
	rmSync(folder, { recursive: true });
});

/** Runs a command as `hotplugd WORDS` would. @param more replaces parts of the machine, such as the service */
async function hotplugd(words: readonly string[], more: Partial<Machine> = {}) {
	const out = { status: 0, printed: "", complained: "" };
	const machine: Machine = {
		...thisMachine,
		environment: {},
		print: (text) => {
			out.printed += text.toString();
		},
		complain: (text) => {
			out.complained += text;
		},
		...more,
	};
	out.status = await run(["node", "hotplugd", ...words], machine);
	return out;
}

const ask = (command: string, ...words: readonly string[]) => hotplugd([command, "--socket", socket, ...words]);

/** A machine whose agent gives this answer. */
function answering(answer: () => Promise<Buffer>): Partial<Machine> {
	return { service: async () => ({ ...(await thisMachine.service()), ask: answer }) };
}

const well = { status: 0, printed: "", complained: "" };

test("status is for people", async (t) => {
	const { status, printed, complained } = await ask("status");
	t.deepEqual({ status, complained }, { status: 0, complained: "" });
	t.is(
		printed,
		`hotplugd 0.1.0, process 421, running for 2 h 3 min
  state           working for 1 min 1 s
  source          uevents of udev, receive buffer of 262144 KiB
  events          1204 received, 0 dropped, 3 refused, 0 overruns
  aliases         84 new, 412 repeated, 21 that no module has
  modules         113 inserted, 3 failed: ENOEXEC 2, missing 1
  queue           4
  in flight       slow_probe for 3 min 5 s, hung
                  snd_hda_intel for 420 ms
  last outcomes   2 h 3 min ago, e1000 inserted (in 210 ms)
                  900 ms ago, bad failed: the kernel refused it (ENOEXEC) (in 3 ms)
  indexes         /lib/modules/6.1.0-56-amd64, generation 2, read 1 h 0 min ago
  configuration   read 1 h 0 min ago, 1 problem
                  /etc/modprobe.d/a.conf
                  /lib/modprobe.d/aliases.conf
  last problem    3 d 0 h ago: uevents were lost: looking at all devices again
`,
	);
});

test("status says that there are no indexes, and why", async (t) => {
	const missing = "/lib/modules/1 has no modules.dep.bin";
	const row = async (generation: number) => {
		const indexes = { directory: "/lib/modules/1", generation, milliseconds_ago: 1000, missing };
		const line = Buffer.from(JSON.stringify({ ok: true, status: { ...sampleStatus, indexes } }));
		const { printed } = await hotplugd(
			["status"],
			answering(async () => line),
		);
		return /\n {2}indexes {9}(.*?)\n {2}configuration/s.exec(printed)?.[1];
	};
	t.is(await row(0), `none, the agent waits for them: ${missing}`);
	t.is(
		await row(2),
		`/lib/modules/1, generation 2, read 1 s ago\n${" ".repeat(18)}gone now, the agent waits for them: ${missing}`,
	);
});

test("status --json is what the agent said, in a line", async (t) => {
	const { status, printed } = await ask("status", "--json");
	t.is(status, 0);
	t.is(printed.indexOf("\n"), printed.length - 1);
	t.deepEqual(JSON.parse(printed), sampleStatus);
});

test("what came from a device moves no cursor", async (t) => {
	const { last_problem: _, ...rest } = sampleStatus;
	const status = { ...rest, in_flight: [{ module: "a\x1b[2J\n\udc9b", milliseconds: 1, hung: false }], more: 1 };
	const line = Buffer.from(JSON.stringify({ ok: true, status }));
	const { printed } = await hotplugd(
		["status"],
		answering(async () => line),
	);
	t.regex(printed, /in flight {7}a\\x1b\[2J\\x0a\\x9b for 1 ms\n/);
	t.regex(printed, /last problem {4}none\n/);
});

test("settle waits as long as it is told, and has a status of its own for what does not settle", async (t) => {
	t.deepEqual(await ask("settle"), well);
	t.is(lastOf("settle"), "settle 120000");
	t.deepEqual(await ask("settle", "-t", "60"), well);
	t.deepEqual(await ask("settle", "--timeout=5"), {
		status: 3,
		printed: "",
		complained: `hotplugd settle: not settled within 5 seconds: waiting for ${Array.from(
			{ length: 10 },
			(_, i) => `module${i}`,
		).join(", ")}, 2 more\n`,
	});
	t.is((await ask("settle", "--timeout", "0")).status, 3);
	t.is(lastOf("settle"), "settle 0");
	t.is((await ask("settle", "--timeout", "99999999999")).status, 0);
});

test("settle says what it says nothing about", async (t) => {
	const reply = { ok: true, settled: true, waiting_for: [], note: "no usable indexes yet: \x1b" };
	const settled = await hotplugd(
		["settle"],
		answering(async () => Buffer.from(JSON.stringify(reply))),
	);
	t.deepEqual(settled, { ...well, complained: "hotplugd settle: no usable indexes yet: \\x1b\n" });
});

test("reload and stop say nothing where all is well", async (t) => {
	t.deepEqual(await ask("reload"), well);
	t.is((await ask("reload")).complained, "hotplugd reload: 1 problem: see the agent's log\n");
	t.is((await ask("reload")).complained, "hotplugd reload: 2 problems: see the agent's log\n");
	t.deepEqual(await ask("stop"), well);
	t.is(lastOf("stop"), "stop");
});

test("metrics are printed as they are", async (t) => {
	t.deepEqual(await ask("metrics"), { ...well, printed: "# TYPE x counter\nx 1\n" });
});

test("load waits unless told not to, sends the alias's bytes, and exits as modprobe does", async (t) => {
	t.deepEqual(await ask("load", "pci:v1*"), well);
	t.deepEqual(loaded.at(-1), { command: "load", alias: "pci:v1*", for: "user", wait: true });
	t.deepEqual(await ask("load", "--no-wait", "caf\xc3\xa9"), well);
	t.deepEqual(loaded.at(-1), { command: "load", alias: "caf\xc3\xa9", for: "user", wait: false });
	t.deepEqual(await ask("load", "--", "-odd"), well);
	for (const [alias, complaint] of [
		["unknown", "no module has unknown"],
		["broken", String.raw`broken: \x1b[31mENOEXEC`],
		["refused", "it is stopping"],
		["", "the alias is empty"],
		["two\nlines", "the alias has a newline in it"],
		["x".repeat(8193), "the alias is longer than 8192 bytes"],
	] as const)
		t.deepEqual(await ask("load", alias), { status: 1, printed: "", complained: `hotplugd load: ${complaint}\n` });
	t.deepEqual(await ask("load"), {
		status: 2,
		printed: "",
		complained: "hotplugd load: missing alias\nTry 'hotplugd load --help'.\n",
	});
});

for (const command of [
	"status",
	"settle",
	"reload",
	"load",
	"stop",
	"metrics",
	"timeline",
	"blame",
	"critical-chain",
]) {
	const operands = { load: ["x"], timeline: ["x.svg"], "critical-chain": ["x"] }[command] ?? [];
	test(`${command} says in one line that nobody listens`, async (t) => {
		const path = join(folder, "nobody");
		t.deepEqual(await hotplugd([command, `--socket=${path}`, ...operands]), {
			status: 1,
			printed: "",
			complained: `hotplugd ${command}: no agent listens at ${path}: is \`hotplugd run\` running?\n`,
		});
	});
	test(`${command} takes nothing that it has no use for`, async (t) => {
		const { status, complained } = await hotplugd([command, ...operands, "more"]);
		t.deepEqual(
			{ status, complained },
			{
				status: 2,
				complained: `hotplugd ${command}: unexpected argument 'more'\nTry 'hotplugd ${command} --help'.\n`,
			},
		);
		t.is((await hotplugd([command, "--loudly"])).status, 2);
	});
}

test("why there is no answer is told", async (t) => {
	const PATH = "/run/hotplugd/control";
	for (const [code, sentence] of [
		["ECONNREFUSED", `no agent listens at ${PATH}: is \`hotplugd run\` running?`],
		["EACCES", `no permission to ask the agent at ${PATH}: try again as root`],
		["ETIMEDOUT", `the agent at ${PATH} did not answer within 30 seconds`],
		[
			"ECONNRESET",
			`the agent at ${PATH} closed the connection without an answer: the agent is ending, or has too many clients`,
		],
		["EMSGSIZE", `could not ask the agent at ${PATH}: EMSGSIZE`],
	] as const) {
		const refused = answering(() => Promise.reject(new Refusal({ operation: "ask", subject: PATH, code, errno: 1 })));
		t.deepEqual(await hotplugd(["status"], refused), {
			status: 1,
			printed: "",
			complained: `hotplugd status: ${sentence}\n`,
		});
	}
});

test("an answer of another version is told apart from none", async (t) => {
	const { counts: _, ...half } = sampleStatus;
	for (const answer of [
		"",
		"{}",
		'{"ok":true}',
		'{"ok":true,"status":7}',
		JSON.stringify({ ok: true, status: half }),
		JSON.stringify({ ok: true, status: { ...sampleStatus, in_flight: [{ module: "x" }] } }),
		JSON.stringify({ ok: true, status: { ...sampleStatus, last_problem: "text" } }),
	]) {
		const { status, complained } = await hotplugd(
			["status"],
			answering(async () => Buffer.from(answer)),
		);
		t.is(status, 1, answer.slice(0, 40));
		t.is(complained, "hotplugd status: the agent's answer is not understood: the agent may be of another version\n");
	}
});
