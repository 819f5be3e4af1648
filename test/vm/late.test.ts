// A machine without /lib/modules at the boot, which is mounted long after everything has settled.
import { sectionsOf } from "../support/project/sections.js";
import { startUml, umlDevices } from "../support/vm/uml.js";
import { unmodifiedUmlBoot } from "../support/vm/uml-boot.js";
import { vmTest } from "../support/vm/vm-test.js";

/**
 * The agent may use so much of the processor time of its start in 40 seconds of waiting. An agent that starts anew every four
 * seconds would use ten times the start's time.
 */
const IDLE_SHARE = 0.25;

const whileNothing = `ticks() { sed 's/.*) //' "/proc/$(systemctl show -p MainPID --value hotplugd)/stat" | awk '{print $12 + $13}'; }
udevadm settle --timeout=240
echo "== settle"; hotplugd settle 2>&1; echo $?
echo "== udev-settle"; systemctl start systemd-udev-settle; systemctl is-active systemd-udev-settle
sleep 10
echo "== ticks"; ticks; sleep 40; ticks
echo "== unit"; systemctl show -p ActiveState -p NRestarts -p StatusText hotplugd | sort
echo "== mark"; ls /run/hotplugd/
echo "== status"; hotplugd status --json
echo "== metrics"; hotplugd metrics | grep ^hotplugd_indexes_missing
echo "== journal"; journalctl --sync; journalctl -b --no-pager -q -u hotplugd -o cat
echo "== mkdir"; mkdir /lib/modules; sleep 8; hotplugd metrics | grep ^hotplugd_indexes_missing`;

const mounted = `. /vm/functions; mount_modules
until [ -e /run/hotplugd/listening ]; do sleep 0.2; done
echo "== settle"; hotplugd settle --timeout 240 2>&1; echo $?
udevadm settle --timeout=240; stand_still; hotplugd settle
echo "== modules"; live_modules
echo "== unit"; systemctl show -p ActiveState -p NRestarts hotplugd | sort
echo "== metrics"; hotplugd metrics | grep ^hotplugd_indexes_missing`;

/** systemd requests these modules by name, in vain, and no device asks for them; ipv6 needs crc_ccitt. */
const byName = ["autofs4", "configfs", "crc_ccitt", "ip_tables", "ipv6", "x_tables"];

const WHY = "no usable indexes yet: /lib/modules/RELEASE has no modules.dep.bin";
const anyRelease = (lines: readonly string[] = []) => lines.map((line) => line.replace(/\d[^/ ]*(?=[/ ])/, "RELEASE"));

vmTest("with no /lib/modules the agent is idle, says so once, and loads everything when it is mounted", async (t) => {
	const unmodified = await unmodifiedUmlBoot();
	const vm = await startUml({
		init: "systemd",
		devices: umlDevices,
		modulesLate: true,
		before: "sh /opt/hotplugd/systemd/install.sh >&2; rmdir /lib/modules",
	});
	try {
		const nothing = await vm.run(whileNothing);
		t.log(nothing.stdout);
		t.is(nothing.stderr.toString(), "");
		const waiting = sectionsOf(nothing.stdout);
		t.deepEqual(anyRelease(waiting.settle), [`hotplugd settle: ${WHY}`, "0"]);
		t.deepEqual(waiting["udev-settle"], ["active"]);
		t.deepEqual(anyRelease(waiting.unit), ["ActiveState=active", "NRestarts=0", `StatusText=${WHY}`]);
		t.deepEqual(waiting.mark, ["control", "load", "lock"]);
		t.deepEqual([waiting.metrics, waiting.mkdir], [["hotplugd_indexes_missing 1"], ["hotplugd_indexes_missing 1"]]);
		t.is(waiting.journal?.filter((line) => line.includes("has no modules.dep.bin")).length, 1);
		const [ticks = 0, later = 0] = (waiting.ticks ?? []).map(Number);
		t.log(`its start took ${ticks / 100} s of the processor, 40 s of waiting ${(later - ticks) / 100} s`);
		t.true(later - ticks < IDLE_SHARE * ticks, `${ticks} ${later}`);

		const late = await vm.run(mounted, 600);
		t.is(late.stderr.toString(), "");
		const { modules = [], settle, unit, metrics } = sectionsOf(late.stdout);
		t.deepEqual({ settle, metrics }, { settle: ["0"], metrics: ["hotplugd_indexes_missing 0"] });
		t.deepEqual(unit, ["ActiveState=active", "NRestarts=0"]);
		t.deepEqual([...modules, ...byName].sort(), unmodified.modules);
	} finally {
		await vm.stop();
	}
});
