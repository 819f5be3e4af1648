// coldplug and the agent with drivers whose init sleeps in the kernel, uninterruptible, for ten minutes. No signal ends such a
// thread, and the parent of its process is told of the process's end only when the thread has ended.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { exitStatus } from "../../src/agent/telling/exit-status.js";
import { umlKernel } from "../support/vm/images/uml-kernel.js";
import { umlTestModules } from "../support/vm/images/uml-test-modules.js";
import { startUml, type UmlVm, umlChips } from "../support/vm/uml.js";
import { vmTest } from "../support/vm/vm-test.js";
import { renameModule } from "../support/worlds/renamed-module.js";

/** A driver for each run, since its init does not end before the machine stops. */
const drivers = ["hotplugd_slo0", "hotplugd_slo1", "hotplugd_slo2", "hotplugd_slo3", "hotplugd_slo4"] as const;
const DEVICE = "i2c:hotplugd";

/** Makes this module the driver of the device. The agent knows nothing of it so far. */
const useDriver = (name: string): string =>
	`printf 'alias ${DEVICE} ${name}\\noptions ${name} delay_ms=600000\\n' >/etc/modprobe.d/hung.conf`;

const SECONDS = `$(cut -d' ' -f1 /proc/uptime)`;

/**
 * Prints the times in seconds of the guest at which a command begins and ends, and its exit status. Its output is in /run/said.
 */
const timed = (command: string): string =>
	`begun=${SECONDS}; ${command} >/run/said 2>&1; status=$?; echo $begun ${SECONDS} $status; cat /run/said`;

type Run = { readonly seconds: number; readonly status: number; readonly said: string };

async function run(vm: UmlVm, script: string): Promise<Run> {
	const { status, stdout, stderr } = await vm.run(script, 280);
	if (status !== 0) throw new Error(`${script} ended with ${status}: ${stdout}${stderr}`);
	const [first = "", ...said] = stdout.toString().split("\n");
	const [begun = 0, ended = 0, exit = -1] = first.split(" ").map(Number);
	return { seconds: ended - begun, status: exit, said: said.join("\n") };
}

async function output(vm: UmlVm, script: string): Promise<string> {
	const { stdout } = await vm.run(script);
	return stdout.toString();
}

/** Threads in uninterruptible sleep, by the script of their process. */
const listStuck = `for task in /proc/[0-9]*/task/[0-9]*; do
	grep -q '^State:.D' $task/status && tr '\\0' '\\n' <$task/cmdline | grep -o '[a-z-]*\\.js$'
done`;

/** Modules that coldplug would still load. */
const listLeft = `coldplug -n --json | sed -n 's/.*"kind":"step".*"level":[0-9]*,"module":"\\([^"]*\\)".*/\\1/p' | sort -u`;

const loading = (name: string): string => `until grep -q '^${name} .* Loading ' /proc/modules; do sleep 0.1; done`;

function isToldAsHung(t: ExecutionContext, { said }: Run, name: string): void {
	t.regex(
		said,
		new RegExp(`^coldplug: ${name} \\(.*\\) hangs: it has not ended after \\d.* s, and is left to end$`, "m"),
	);
}

vmTest(
	"beside drivers that nothing can end, coldplug and the agent end, and whoever waits for coldplug sees it",
	async (t) => {
		const slow = readFileSync(join(await umlTestModules(await umlKernel()), "hotplugd_slow.ko"));
		const vm = await startUml({
			devices: umlChips("hotplugd", "tmp006", "24c02"),
			files: {
				"/etc/hotplugd.toml": "hung_seconds = 5\n",
				"/vm/patient.toml": "hung_seconds = 600\n",
				...Object.fromEntries(
					drivers.map((name) => [`/vm/extra/${name}.ko`, renameModule(slow, "hotplugd_slow", name)]),
				),
			},
		});
		try {
			const setUp =
				"mkdir -p /lib/modules/$(uname -r)/extra; cp /vm/extra/*.ko /lib/modules/$(uname -r)/extra/; depmod -a";
			t.is((await vm.run(setUp)).status, 0);
			await endsByItself(t, vm, drivers[0]);
			await endsAtSignal(t, vm, drivers[1]);
			await endsByTimeout(t, vm, drivers[2]);
			await insertionProcessKilled(t, vm, drivers[3]);
			await agentStops(t, vm, drivers[4]);
		} finally {
			await vm.stop();
		}
	},
);

async function endsByItself(t: ExecutionContext, vm: UmlVm, name: string): Promise<void> {
	const ended = await run(vm, `${useDriver(name)}; ${timed("coldplug")}`);
	t.log(`coldplug ends after ${ended.seconds.toFixed(1)} s`);
	t.is(ended.status, exitStatus.unended, ended.said);
	isToldAsHung(t, ended, name);
	t.is(await output(vm, listStuck), "insertion-process.js\n");
	t.is(await output(vm, listLeft), `${name}\n`);
	t.regex(await output(vm, "cat /proc/modules"), /^sd_mod .* Live /m);
}

async function endsAtSignal(t: ExecutionContext, vm: UmlVm, name: string): Promise<void> {
	const signalled = await run(
		vm,
		`${useDriver(name)}; coldplug --quiet 1000000 -v >/run/said 2>&1 & coldplug=$!
		until grep -q '${name}: has not ended' /run/said; do sleep 0.1; done
		begun=${SECONDS}; kill -TERM $coldplug; wait $coldplug; status=$?; echo $begun ${SECONDS} $status; cat /run/said`,
	);
	t.log(`coldplug ends ${signalled.seconds.toFixed(1)} s after SIGTERM`);
	t.is(signalled.status, exitStatus.stopped, signalled.said);
	t.true(signalled.seconds < 10, `${signalled.seconds}`);
	t.true(signalled.said.includes(`coldplug: SIGTERM: waiting for nothing, and not for modules that hang: ${name}\n`));
	isToldAsHung(t, signalled, name);
}

async function endsByTimeout(t: ExecutionContext, vm: UmlVm, name: string): Promise<void> {
	const ended = await run(vm, `${useDriver(name)}; ${timed("coldplug --config /vm/patient.toml --timeout 20")}`);
	t.log(`coldplug --timeout 20 ends after ${ended.seconds.toFixed(1)} s`);
	t.is(ended.status, exitStatus.unended, ended.said);
	t.regex(ended.said, new RegExp(`^coldplug: ${name} \\(.*\\) was not waited for any longer`, "m"));
	t.true(ended.said.endsWith("coldplug: ended by --timeout: the devices were not settled after 20 s\n"), ended.said);
}

/** The hung thread lives on: neither the end of the process nor that of its socket is reported. */
async function insertionProcessKilled(t: ExecutionContext, vm: UmlVm, name: string): Promise<void> {
	const ended = await run(
		vm,
		`${useDriver(name)}; rmmod sd_mod; { ${loading(name)}
		for process in /proc/[0-9]*; do
			# Neither this shell, whose words have that name too, nor what earlier runs left behind.
			case $(readlink $process/exe) in */node) ;; *) continue ;; esac
			grep -qs insertion-process $process/cmdline && ! grep -qs '^PPid:.1$' $process/status && kill -KILL \${process#/proc/}
		done; } & ${timed("coldplug")}`,
	);
	t.log(`coldplug, its insertion process killed, ends after ${ended.seconds.toFixed(1)} s`);
	t.is(ended.status, exitStatus.unended, ended.said);
	isToldAsHung(t, ended, name);
	t.regex(await output(vm, "cat /proc/modules"), /^sd_mod .* Live /m);
}

/**
 * The agent's own thread hangs, so that the end of the agent is not reported. The agent has done all that it can, and the next
 * agent may start.
 */
async function agentStops(t: ExecutionContext, vm: UmlVm, name: string): Promise<void> {
	const log = await output(
		vm,
		`${useDriver(name)}; hotplugd run >/run/log & agent=$!
		until grep -q '${name}: its insertion has not ended' /run/log; do sleep 0.2; done
		begun=${SECONDS}; kill -TERM $agent; until grep -q '^State:.Z' /proc/$agent/status; do sleep 0.1; done
		echo "$begun ${SECONDS}" >&2
		rm /etc/modprobe.d/hung.conf; hotplugd run >/run/log2 & until grep -q '"settled"' /run/log2; do sleep 0.2; done
		hotplugd stop; tail -n 1 /run/log`,
	);
	const { msg, hung } = JSON.parse(log);
	t.is(msg, `stopped, and did not wait for modules that hang: ${name}`);
	t.deepEqual(hung, [name]);
}
