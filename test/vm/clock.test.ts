// The wall clock is set by an hour, ahead and back, while drivers are loaded, as on a boot of a system without a battery-backed
// clock.
import { readFileSync } from "node:fs";
import { compile } from "../support/running/c-program.js";
import { formatRecords, formatUevent } from "../support/running/uevent-injector.js";
import { startUml, type UmlVm, umlDevices } from "../support/vm/uml.js";
import { vmTest } from "../support/vm/vm-test.js";

/** The uevent of a test module's device, as the kernel sends it. */
const device = (module: string, name: string): Buffer =>
	formatRecords([
		formatUevent("add", `/devices/made-up/${name}`, [
			["SUBSYSTEM", "platform"],
			["MODALIAS", `platform:hotplugd-${module}`],
		]),
	]);

const FAILURES = 6;
const failing = Array.from({ length: FAILURES + 1 }, (_, i) => `fail${i}`);

const records = {
	slow: device("slow", "slow"),
	user: device("user", "user"),
	...Object.fromEntries(failing.map((name) => [name, device("fail", name)])),
};

const functions = `. /vm/functions
uptime() { cut -d' ' -f1 /proc/uptime; }
# At least so many lines of a file have a text.
await_lines() { until [ "$(grep -c -e "$1" "$2")" -ge "$3" ]; do sleep 0.1; done; }
`;

const quietSeconds = 6;

/**
 * Sets the clock while coldplug runs. Prints the time from the last setting to the end of coldplug's quiet time, by
 * CLOCK_MONOTONIC.
 */
const coldplugUntilQuiet = (module: string, step: string) => `
: >/run/coldplug
coldplug -v --quiet ${1000 * quietSeconds} >/run/coldplug & agent=$!
await_lines '^looked at' /run/coldplug 1
sleep 2
/vm/injector kernel </vm/records/${module}
await_lines ': hotplugd_${module}: inserted' /run/coldplug 1
date -s '${step}' >&2
from=$(uptime)
wait $agent || exit 1
echo ${module} $from $(uptime)
`;

/** Sets the clock while the drivers of some thirty devices are still to be loaded. */
const coldplugAll = `
: >/run/coldplug
coldplug -v >/run/coldplug & agent=$!
await_lines '^batch' /run/coldplug 5
date -s '+1 hour' >&2
await_lines '^looked at' /run/coldplug 1
date -s '-1 hour' >&2
await_lines '^batch' /run/coldplug 40
date -s '-1 hour' >&2
from=$(uptime)
wait $agent || exit 1
date -s '+1 hour' >&2
echo all $from $(uptime)
live_modules >/run/ours
`;

/** Loads everything with kmod. Prints the modules that were missing. */
const byModprobe = `
for pass in 1 2; do
	find /sys/devices -name modalias -print0 | xargs -0 cat | sort -u | xargs -d '\\n' /sbin/modprobe -abq || true
done
stand_still
live_modules | diff /run/ours - >&2 || exit 1
`;

/** The back-off of a module is eight seconds after six failures, and four seconds after five. */
const backOff = `
cd /
hotplugd run >/run/log & until grep -q '"settled"' /run/log; do sleep 0.1; done
for number in 0 1 2 3 4; do
	/vm/injector kernel </vm/records/fail$number
	await_lines '"module":"hotplugd_fail","result":"failed"' /run/log $((number + 1))
done
/vm/injector kernel </vm/records/fail5
date -s '-1 hour' >&2
from=$(uptime)
await_lines '"module":"hotplugd_fail","result":"failed"' /run/log 6
echo back $from $(uptime)
from=$(uptime)
/vm/injector kernel </vm/records/fail6
date -s '+1 hour' >&2
echo 'options hotplugd_fail succeed=1' >/etc/modprobe.d/clock.conf
hotplugd reload >&2 || exit 1
await_lines '"module":"hotplugd_fail","result":"inserted"' /run/log 1
echo ahead $from $(uptime)
hotplugd settle --timeout 60 || exit 1
date -s '+1 hour' >&2
hotplugd stop
wait
tail -n 1 /run/log | grep -c '"stopped"'
`;

/** Seconds that no wait takes, unless it waits for the wall clock: an hour is much longer. */
const LONG_SECONDS = 600;

async function succeed(vm: UmlVm, script: string): Promise<string> {
	const { status, stdout, stderr } = await vm.run(functions + script, LONG_SECONDS);
	if (status !== 0) throw new Error(`${script} ended with ${status}: ${stdout}${stderr}`);
	return stdout.toString();
}

/** The seconds of each wait, by the wait's name. */
const seconds = (output: string): ReadonlyMap<string, number> =>
	new Map(
		[...output.matchAll(/^(\w+) ([\d.]+) ([\d.]+)$/gm)].map(([, name = "", from, to]) => [
			name,
			Number(to) - Number(from),
		]),
	);

vmTest("the clock is set by an hour, ahead and back, and all drivers are live as soon as ever", async (t) => {
	const vm = await startUml({
		devices: umlDevices,
		testModules: true,
		files: {
			"/etc/modprobe.d/clock.conf": "options hotplugd_fail errno=16\n",
			"/vm/injector": readFileSync(compile("uevent-injector")),
			...Object.fromEntries(Object.entries(records).map(([name, record]) => [`/vm/records/${name}`, record])),
		},
	});
	try {
		await succeed(vm, "chmod +x /vm/injector");
		const all = seconds(await succeed(vm, coldplugAll)).get("all") ?? 0;
		await succeed(vm, byModprobe);
		const output = await succeed(
			vm,
			coldplugUntilQuiet("slow", "+1 hour") + coldplugUntilQuiet("user", "-1 hour") + backOff,
		);
		const took = seconds(output);
		t.log(`seconds until the end, or the next attempt, after the clock was set: all ${all}, ${[...took].join(" ")}`);
		t.regex(output, /^1$/m);
		t.true(all > 0 && all < LONG_SECONDS);
		for (const module of ["slow", "user"]) {
			t.true(took.get(module)! >= quietSeconds - 1, module);
			t.true(took.get(module)! < LONG_SECONDS, module);
		}
		// Half of the eight seconds.
		t.true(took.get("ahead")! >= 4 && took.get("ahead")! < LONG_SECONDS);
		t.true(took.get("back")! > 0 && took.get("back")! < LONG_SECONDS);
	} finally {
		await vm.stop();
	}
});
