// systemd/alone/hotplugd-or-modprobe: the drivers are loaded, whatever happens to the agent.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { readKernelWord } from "../src/libkmod/formats/kernel-command-line.js";
import {
	type AloneMachine,
	type AloneOptions,
	GOOD_AGENT,
	makeAloneMachine,
	readScript,
	words,
} from "./support/vm/alone-machine.js";

const shells: readonly (readonly string[])[] = [["dash"], ["busybox", "sh"]];
const loadedTwice = [...words, ...words];
const RUN = "[run][--source][kernel][--notify-fd][9]";

function machineOf(t: ExecutionContext, options: AloneOptions): AloneMachine {
	const machine = makeAloneMachine(options);
	t.teardown(() => machine.remove());
	return machine;
}

/** The script's messages in the kernel log: it writes one when modprobe loads the drivers. */
const said = (machine: AloneMachine): string => machine.read("kmsg");

for (const shell of shells) {
	const by = `(${shell.join(" ")})`;

	test(`an agent that runs has its drivers awaited, and is told to stop ${by}`, async (t) => {
		const machine = machineOf(t, { shell, agent: GOOD_AGENT });
		const run = machine.begin("run", "--notify-fd", "3");
		t.is(await machine.begin("settle").ended, 0);
		await machine.until(() => run.told() === "\n");
		t.is(machine.read("modprobe-path"), `${machine.at("helper")}\n`);
		run.child.kill("SIGTERM");
		t.is(await run.ended, 0);
		t.deepEqual(machine.calls("hotplugd"), [RUN, "[settle][--timeout][60]"]);
		t.true(machine.read("calls").includes("\nstopped\n"));
		t.deepEqual([machine.calls("modprobe"), said(machine), run.stderr()], [[], "", ""]);
		t.is(machine.read("modprobe-path"), "/sbin/kernels-own\n");
		t.false(machine.exists("state"));
	});

	for (const [knows, probe, expected] of [
		["knows", `[ "$NODE_OPTIONS" = --disable-sigusr1 ]`, "--disable-sigusr1"],
		["does not know", `[ -z "$NODE_OPTIONS" ] || exit 9`, "none"],
	] as const)
		test(`an agent whose node ${knows} the option against SIGUSR1 is started accordingly ${by}`, async (t) => {
			const agent = `echo "\${NODE_OPTIONS-none}" >"$folder/options"; ${GOOD_AGENT}`;
			const machine = machineOf(t, { shell, agent, probe });
			const run = machine.begin("run");
			await machine.until(() => machine.exists("state/ready") && machine.read("state/ready") === "\n");
			t.is(machine.read("options"), `${expected}\n`);
			run.child.kill("SIGTERM");
			t.is(await run.ended, 0);
		});

	const fallsBack = test.macro({
		async exec(t, agent: string | undefined, starts: number, why: string) {
			const machine = machineOf(t, { shell, ...(agent !== undefined && { agent }) });
			const run = machine.begin("run", "--notify-fd", "3");
			t.is(await machine.begin("settle").ended, 0);
			t.deepEqual(machine.calls("modprobe"), loadedTwice);
			t.is(said(machine), `<3>hotplugd: ${why}: modprobe loads the drivers instead\n`);
			await machine.until(() => run.stderr().includes(`hotplugd: ${why}: modprobe loads the drivers instead\n`));
			await machine.until(() => run.told() === "\n");
			t.is(machine.calls("hotplugd").length, starts);
			run.child.kill("SIGTERM");
			t.is(await run.ended, 0);
			t.is(machine.calls("hotplugd").length, starts);
		},
		title: (title) => `${title}, and modprobe loads the drivers, twice ${by}`,
	});

	test(
		"an agent whose settings are wrong is not tried again soon",
		fallsBack,
		"exit 2",
		1,
		"the agent ended with status 2",
	);
	test(
		"where there is no agent it is not tried again soon",
		fallsBack,
		undefined,
		0,
		"the agent ended with status 127",
	);
	test(
		"where there is no node it is not tried again soon",
		fallsBack,
		"exit 127",
		1,
		"the agent ended with status 127",
	);
	test("an agent that ends at once is tried three times", fallsBack, "exit 1", 3, "the agent ended with status 1");
	test("so is one that is not even ready and ends well", fallsBack, "exit 0", 3, "the agent ended with status 0");

	test(`where the agent is not ready in time modprobe loads, and all is well when it is ready later ${by}`, async (t) => {
		const agent = `until [ -e "$folder/now" ]; do sleep 0.1; done; ${GOOD_AGENT}`;
		const machine = machineOf(t, { shell, agent, seconds: { ready: 1 } });
		const run = machine.begin("run", "--notify-fd", "3");
		t.is(await machine.begin("settle").ended, 0);
		t.deepEqual(machine.calls("modprobe"), loadedTwice);
		t.is(said(machine), "<3>hotplugd: the agent was not ready within 1 seconds: modprobe loads the drivers instead\n");
		writeFileSync(machine.at("now"), "");
		await machine.until(() => machine.read("state/ready") === "\n");
		run.child.kill("SIGTERM");
		t.is(await run.ended, 0);
		t.true(machine.read("calls").includes("\nstopped\n"));
		t.is(machine.calls("modprobe").length, 2);
	});

	test(`an agent that hangs before it is ready is ended, and tried again ${by}`, async (t) => {
		for (const trap of [":", "trap : TERM"]) {
			const agent = `[ ! -e "$folder/hung" ] || { ${GOOD_AGENT}; }; touch "$folder/hung"; ${trap}; while :; do sleep 0.1; done`;
			const machine = machineOf(t, { shell, agent, seconds: { check: 1, ready: 1, late: 1 } });
			const run = machine.begin("run");
			await machine.until(() => machine.calls("hotplugd").length === 2);
			await machine.until(() => machine.read("state/ready") === "\n");
			t.deepEqual(machine.calls("modprobe"), loadedTwice);
			run.child.kill("SIGTERM");
			t.is(await run.ended, 0);
		}
	});

	test(`where the kernel's requests are switched off they stay so ${by}`, async (t) => {
		const machine = machineOf(t, { shell, agent: GOOD_AGENT });
		writeFileSync(machine.at("modprobe-path"), "\n");
		const run = machine.begin("run");
		await machine.until(() => machine.exists("state/ready") && machine.read("state/ready") === "\n");
		t.is(machine.read("modprobe-path"), "\n");
		run.child.kill("SIGTERM");
		t.is(await run.ended, 0);
		t.is(machine.read("modprobe-path"), "\n");
	});

	test(`hotplugd=off has no agent started, and nothing written for the kernel ${by}`, async (t) => {
		const machine = machineOf(t, { shell, agent: GOOD_AGENT, commandLine: "quiet hotplugd=off\n" });
		const run = machine.begin("run", "--notify-fd", "3");
		t.is(await machine.begin("settle").ended, 0);
		await machine.until(() => run.told() === "\n");
		t.deepEqual([machine.calls("modprobe"), machine.calls("hotplugd")], [loadedTwice, []]);
		t.is(
			said(machine),
			"<3>hotplugd: hotplugd=off is on the kernel command line: modprobe loads the drivers instead\n",
		);
		t.is(machine.read("modprobe-path"), "/sbin/kernels-own\n");
		run.child.kill("SIGKILL");
		await run.ended;
		const again = machine.begin("run");
		again.child.kill("SIGTERM");
		await again.ended;
		t.is(machine.calls("modprobe").length, 2);
	});

	test(`an agent that dies once it is ready is started anew, or ends with its supervisor's start ${by}`, async (t) => {
		const agent =
			'echo >&9; [ ! -e "$folder/state/failures" ] || { trap "exit 0" TERM; while :; do sleep 0.1; done; }; kill -KILL $$';
		const machine = machineOf(t, { shell, agent });
		const run = machine.begin("run");
		await machine.until(() => machine.calls("hotplugd").length === 2);
		run.child.kill("SIGTERM");
		t.is(await run.ended, 0);
		const supervised = machine.begin("run", "--notify-fd", "3");
		t.is(await supervised.ended, 128 + 9);
		await machine.until(() => supervised.told() === "\n");
		t.deepEqual(machine.calls("modprobe"), []);
	});

	test(`an agent that dies each time it is ready is not started for ever, whoever starts it ${by}`, async (t) => {
		const machine = machineOf(t, { shell, agent: "echo >&9; exit 1" });
		for (const _ of [1, 2, 3]) t.is(await machine.begin("run", "--notify-fd", "3").ended, 1);
		t.deepEqual(machine.calls("modprobe"), loadedTwice);
		const fourth = machine.begin("run", "--notify-fd", "3");
		t.is(await machine.begin("settle").ended, 0);
		await machine.until(() => fourth.told() === "\n");
		// The script handles signals from the moment at which it has a child process.
		const { pid } = fourth.child;
		await machine.until(() => readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8") !== "");
		fourth.child.kill("SIGTERM");
		t.is(await fourth.ended, 0);
		t.is(machine.calls("hotplugd").length, 3);
	});

	test(`a modprobe that hangs is not waited for ${by}`, async (t) => {
		const machine = machineOf(t, { shell, agent: "exit 2", modprobe: "exec sleep 300", seconds: { load: 1 } });
		const run = machine.begin("run", "--notify-fd", "3");
		t.is(await machine.begin("settle").ended, 0);
		await machine.until(() => run.told() === "\n");
		t.regex(said(machine), /\n<3>hotplugd: modprobe has not ended within 1 seconds, and is not waited for\n$/);
		t.is(machine.calls("modprobe").length, 1);
	});

	for (const [which, kill] of [
		["and modprobe with it, loads at the next start", (pid: number) => process.kill(-pid, "SIGKILL")],
		["and modprobe goes on, waits at the next start for that", (pid: number) => process.kill(pid, "SIGKILL")],
	] as const)
		test(`who is killed while modprobe loads, ${which} ${by}`, async (t) => {
			const alone = which.includes("goes on");
			const modprobe = 'until [ -e "$folder/now" ]; do sleep 0.1; done';
			const machine = machineOf(t, { shell, agent: "exit 2", modprobe });
			const killed = machine.begin("run");
			await machine.until(() => machine.calls("modprobe").length === 1 && machine.read("state/begun") !== "");
			kill(killed.child.pid!);
			await killed.ended;
			const run = machine.begin("run", "--notify-fd", "3");
			const settle = machine.begin("settle");
			if (!alone) await machine.until(() => machine.calls("modprobe").length === 2);
			t.false(machine.exists("state/done"));
			writeFileSync(machine.at("now"), "");
			t.is(await settle.ended, 0);
			await machine.until(() => run.told() === "\n");
			t.deepEqual(machine.calls("modprobe"), alone ? loadedTwice : [...words, ...loadedTwice]);
			t.is(said(machine).split("\n").length - 1, alone ? 1 : 2);
		});

	test(`s6 is told at each start, once the drivers are there, whoever has loaded them ${by}`, async (t) => {
		for (const options of [{ commandLine: "hotplugd=off\n" }, { agent: "exit 2" }]) {
			const machine = machineOf(t, { shell, ...options });
			for (const _ of [1, 2]) {
				const run = machine.begin("run", "--notify-fd", "3");
				await machine.until(() => run.told() === "\n");
				run.child.kill("SIGKILL");
				await run.ended;
			}
			t.deepEqual(machine.calls("modprobe"), loadedTwice);
		}
	});

	test(`an agent that answers nobody keeps no one waiting for the drivers ${by}`, async (t) => {
		const settle = 'echo $$ >"$folder/asked"; exec sleep 300';
		const machine = machineOf(t, { shell, agent: GOOD_AGENT, settle, seconds: { settle: 2 } });
		machine.begin("run");
		await machine.until(() => machine.exists("state/ready") && machine.read("state/ready") === "\n");
		t.is(await machine.begin("settle").ended, 0);
		t.deepEqual(machine.calls("modprobe"), loadedTwice);
		await machine.until(() => !existsSync(`/proc/${machine.read("asked").trim()}`));
	});

	test(`without /proc, too, whoever waits for the drivers has them in the end ${by}`, async (t) => {
		const inside = ["unshare", "-Urm", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh", ...shell];
		for (const modprobe of [":", "exec sleep 300"]) {
			const machine = machineOf(t, { shell: inside, modprobe, seconds: { settle: 1, load: 1 } });
			const settle = machine.begin("settle");
			t.is(await settle.ended, 0);
			t.deepEqual(machine.calls("modprobe"), modprobe === ":" ? loadedTwice : words);
			t.is(said(machine).includes("not waited for"), modprobe !== ":");
		}
	});

	test(`where nobody has started anything, who waits for the drivers has them loaded ${by}`, async (t) => {
		const machine = machineOf(t, { shell, agent: GOOD_AGENT, seconds: { settle: 1 } });
		t.is(await machine.begin("settle").ended, 0);
		t.deepEqual(machine.calls("modprobe"), loadedTwice);
		t.regex(said(machine), /nothing was heard of the agent within 1 seconds/);
	});

	test(`a node that hangs where it is asked something keeps no driver out, and nobody who stops this ${by}`, async (t) => {
		const probe = 'echo asked >>"$folder/asked"; exec sleep 300';
		const machine = machineOf(t, { shell, agent: "exec sleep 300", probe, seconds: { check: 1, ready: 2 } });
		const run = machine.begin("run", "--notify-fd", "3");
		t.is(await machine.begin("settle").ended, 0);
		t.deepEqual(machine.calls("modprobe"), loadedTwice);
		await machine.until(() => run.told() === "\n");
		run.child.kill("SIGTERM");
		t.is(await run.ended, 0);
		t.is(machine.read("asked"), "asked\n");
	});

	test(`a stop before the agent was started has none started ${by}`, async (t) => {
		const probe = 'echo $$ >"$folder/asked"; exec sleep 300';
		const machine = machineOf(t, { shell, agent: GOOD_AGENT, probe, seconds: { check: 300 } });
		const run = machine.begin("run");
		await machine.until(() => machine.exists("asked") && machine.read("asked").endsWith("\n"));
		run.child.kill("SIGTERM");
		t.is(await run.ended, 0);
		t.deepEqual(machine.calls("hotplugd"), []);
		await machine.until(() => !existsSync(`/proc/${machine.read("asked").trim()}`));
		t.is(machine.read("modprobe-path"), "/sbin/kernels-own\n");
	});

	test(`a stop that comes as something is begun ends that ${by}`, async (t) => {
		const folder = mkdtempSync(join(tmpdir(), "alone-"));
		t.teardown(() => rmSync(folder, { recursive: true }));
		const [definitions] = readScript(folder, {}).split(/\ncase .* in\nrun /);
		// The state after a signal that arrived between the script's check for signals and the start of the sleep.
		const begin =
			"stopping=1; rest 300; sleep 300 & agent=$!; now; begun=$now; await_readiness; await_end; echo $status";
		writeFileSync(join(folder, "script"), `${definitions}\nmkdir "$state"\n${begin}\n`);
		const [program = "", ...first] = shell;
		const { stdout } = spawnSync(program, [...first, join(folder, "script")], { encoding: "utf8", timeout: 10_000 });
		t.is(stdout, "143\n");
	});

	test(`a log that cannot be written keeps no driver out ${by}`, async (t) => {
		const machine = machineOf(t, { shell, agent: GOOD_AGENT });
		const run = machine.begin("run", "--log", `${machine.at("nowhere")}/log`);
		t.is(await machine.begin("settle").ended, 0);
		t.regex(said(machine), /could not write the log .*nowhere\/log/);
		run.child.kill("SIGTERM");
		t.is(await run.ended, 0);
		const logged = machine.begin("run", "--log", machine.at("log"));
		await machine.until(() => machine.calls("hotplugd").filter((call) => call === RUN).length === 2);
		logged.child.kill("SIGTERM");
		t.is(await logged.ended, 0);
		t.is(machine.read("log"), "");
	});

	test(`where nothing can be written down the drivers are loaded all the same ${by}`, async (t) => {
		const machine = machineOf(t, { shell, agent: GOOD_AGENT, seconds: { settle: 1 } });
		writeFileSync(machine.at("state"), "");
		const run = machine.begin("run");
		await machine.until(() => machine.calls("modprobe").length === 2);
		t.is(await machine.begin("settle").ended, 0);
		run.child.kill("SIGTERM");
		t.is(await run.ended, 0);
	});

	const unusable = test.macro({
		async exec(t, helper: Buffer | string | undefined) {
			const machine = machineOf(t, { shell, agent: GOOD_AGENT, helper });
			const run = machine.begin("run");
			t.is(await machine.begin("settle").ended, 0);
			t.is(machine.read("modprobe-path"), "/sbin/kernels-own\n");
			const line = `hotplugd: ${machine.at("helper")} does not run here: the kernel's requests are left to modprobe\n`;
			if (helper !== undefined) await machine.until(() => run.stderr() === line);
			t.is(run.stderr(), helper === undefined ? "" : line);
			run.child.kill("SIGTERM");
			t.is(await run.ended, 0);
		},
		title: (title) => `${title} does not become the kernel's modprobe ${by}`,
	});

	const arm64 = readFileSync("dist/hotplugd-load");
	arm64.writeUInt16LE(183, 18);
	test("another machine's thin helper", unusable, arm64);
	test("a script that fails", unusable, "#!/bin/sh\nexit 1\n");
	test("what is no program, though a shell would run it,", unusable, "echo hotplugd-load\n");
	test("another program", unusable, readFileSync("/bin/true"));
	test("a thin helper that is not there", unusable, undefined);

	test(`it reads hotplugd=off as the agent does ${by}`, (t) => {
		const folder = mkdtempSync(join(tmpdir(), "alone-"));
		t.teardown(() => rmSync(folder, { recursive: true }));
		const [definitions] = readScript(folder, {}).split(/\ncase .* in\nrun /);
		writeFileSync(join(folder, "is-off"), `${definitions}\nis_off && echo off || echo on\n`);
		const texts = [
			"",
			"quiet",
			"hotplugd=off",
			"quiet hotplugd=off root=/dev/sda",
			'hotplugd="off"',
			'"hotplugd=off"',
			"hotplugd=on",
			"hotplugd=off hotplugd=on",
			"hotplugd=on hotplugd=off",
			"hotplugd=offline",
			"hotplugd=",
			"hotplugd.off",
			"xhotplugd=off",
			'x="quiet hotplugd=off" y',
			'x=" hotplugd=off y"',
			'"x= hotplugd=off "',
			'hotplugd="off and on"',
			"quiet -- hotplugd=off",
			"a=* hotplugd=off ?",
			'a="b" hotplugd=off c="d e"',
			'hotplugd=off x=" hotplugd=on "',
			'"hotplugd"=off',
			'hotplugd=off""',
			'hotplugd=o"f"f',
			'hotplugd="off',
			'"hotplugd=off',
			'hotplugd=off hotplugd="',
			'""hotplugd=off',
			'hotplugd="off "',
			'hotplugd=" off"',
			'" hotplugd=off"',
			'root="/dev/a b"hotplugd=off',
			'hotplugd=off x="a hotplugd=on',
			"hotplugd=off\rquiet",
			"quiet\vhotplugd=off\fx",
			"hotplugd=off\\",
			"quiet\thotplugd=off\t",
		];
		for (const text of texts) {
			writeFileSync(join(folder, "cmdline"), `${text}\n`);
			const [program = "", ...first] = shell;
			const { stdout } = spawnSync(program, [...first, join(folder, "is-off")], { encoding: "utf8", cwd: folder });
			t.is(stdout, readKernelWord(`${text}\n`, "hotplugd") === "off" ? "off\n" : "on\n", text);
		}
	});
}
