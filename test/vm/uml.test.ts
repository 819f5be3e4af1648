// Tests of the machines under User-mode Linux, and of the reference boot there: Debian's own, without hotplugd.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { sectionsOf } from "../support/project/sections.js";
import { startUml } from "../support/vm/uml.js";
import { bootUnmodifiedUml, unmodifiedUmlBoot } from "../support/vm/uml-boot.js";
import { builtinLoads } from "../support/vm/vm-boot.js";
import { vmTest } from "../support/vm/vm-test.js";

vmTest(
	"under User-mode Linux an unmodified boot ends with the modules of another, loaded by udev's builtin",
	async (t) => {
		const kept = await unmodifiedUmlBoot();
		const boot = await bootUnmodifiedUml();
		t.log(`${boot.modules.length} modules: ${boot.modules.join(" ")}`);
		const { aliases, named } = builtinLoads(boot.udevLog);
		t.log(`${boot.timings} ${aliases.length} aliases, ${new Set(aliases).size} different ones, and ${named.join(" ")}`);
		t.true(new Set(aliases).size > 100);
		t.true(boot.modules.length > 50);
		t.deepEqual([...new Set(named)], ["sg"]);
		t.deepEqual({ state: boot.state, failed: boot.failed }, { state: "running", failed: [] });
		t.deepEqual(boot.modules, kept.modules);
	},
);

const useOurModules = `
extra=/lib/modules/$(uname -r)/extra
state() { cat /sys/module/$1/initstate 2>/dev/null || echo none; }
uptime() { read -r up rest </proc/uptime; echo "$up"; }
ours=$(ls "$extra" | sed "s/[.]ko//")
echo "== made for"
modinfo -F vermagic overlay
echo "== ours are made for"
for name in $ours; do modinfo -F vermagic $name; done | sort -u
echo "== a need"
state hotplugd_base
modprobe hotplugd_user
for name in hotplugd_user hotplugd_base; do echo $name $(state $name); done
modprobe -r hotplugd_user
for name in hotplugd_user hotplugd_base; do echo $name $(state $name); done
echo "== a failure"
for errno in "" errno=5 errno=16; do modprobe hotplugd_fail $errno 2>&1 || state hotplugd_fail; done
modprobe hotplugd_fail succeed=1 && rmmod hotplugd_fail && state hotplugd_fail
echo "== a wait"
begun=$(uptime)
modprobe hotplugd_slow delay_ms=3000 label=uml &
until [ -e /sys/module/hotplugd_slow/initstate ]; do sleep 0.05; done
state hotplugd_slow
wait $! && state hotplugd_slow
echo $begun $(uptime) | awk '{ print ($2 - $1 >= 3 ? "as long as it was told" : $2 - $1) }'
rmmod hotplugd_slow && state hotplugd_slow
echo "== a device"
modprobe hotplugd_device
until [ "$(state hotplugd_second)" = live ]; do sleep 0.1; done
for name in first second; do echo hotplugd_$name $(state hotplugd_$name); done
basename $(readlink -f /sys/devices/platform/hotplugd-rivals/driver)
rmmod hotplugd_device
[ -e /sys/devices/platform/hotplugd-rivals ] || echo gone
rmmod hotplugd_first hotplugd_second
lsmod | grep hotplugd_ | cut -d " " -f 1
`;

vmTest(
	"under User-mode Linux our own modules load, need each other, fail, wait, and have a device for two drivers",
	async (t) => {
		const vm = await startUml({ init: "systemd", testModules: true });
		try {
			const { stdout, stderr, status } = await vm.run(useOurModules);
			t.is(status, 0, stderr.toString());
			const parts = sectionsOf(stdout.toString());
			t.regex(parts["made for"]!.join(), /^\d+\.\d+\.\d+ mod_unload/);
			t.deepEqual(parts["ours are made for"], parts["made for"]);
			t.deepEqual(parts["a need"], [
				"none",
				...["hotplugd_user live", "hotplugd_base live"],
				...["hotplugd_user none", "hotplugd_base none"],
			]);
			const failed = "modprobe: ERROR: could not insert 'hotplugd_fail'";
			t.deepEqual(parts["a failure"], [
				...[`${failed}: No such device`, "none"],
				...[`${failed}: Input/output error`, "none"],
				...[`${failed}: Device or resource busy`, "none"],
				"none",
			]);
			t.deepEqual(parts["a wait"], ["coming", "live", "as long as it was told", "none"]);
			t.deepEqual(parts["a device"], [
				...["hotplugd_first live", "hotplugd_second live"],
				...["hotplugd_first", "gone", "hotplugd_base"],
			]);
		} finally {
			await vm.stop();
		}
	},
);

vmTest("a machine under User-mode Linux that cannot come up says why", async (t) => {
	const start = startUml({ before: "echo so it is; false" });
	await t.throwsAsync(start, { message: /the script before process 1 failed with 1:\r?\n(?:.*\n)*so it is/ });
});

/** Processes of the host that have that word among their arguments. */
function processesWith(word: string): string[] {
	return readdirSync("/proc").filter((name) => {
		try {
			return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, "latin1").includes(word);
		} catch {
			return false;
		}
	});
}

vmTest(
	"a machine under User-mode Linux ends, with its helpers and its guest's processes, when its starter is killed",
	async (t) => {
		const mark = `mark=${randomUUID()}`;
		const program = `const { startUml } = await import(process.argv[1]);
		await startUml({ early: true, append: process.argv[2].replace("_", "=") });
		console.log("up"); setInterval(() => {}, 1000);`;
		const bed = new URL("../support/vm/uml.js", import.meta.url).href;
		const starter = spawn(process.execPath, ["--input-type=module", "-e", program, bed, mark.replace("=", "_")], {
			stdio: ["ignore", "pipe", "inherit"],
		});
		await once(starter.stdout, "data");
		t.true(processesWith(mark).length > 3);
		starter.kill("SIGKILL");
		while (processesWith(mark).length > 0) await new Promise((resolve) => setTimeout(resolve, 100));
		t.pass();
	},
);
