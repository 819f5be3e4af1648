// Two drivers of one device on a real kernel. The first in the order of the index gets the device, however long its dependencies
// take; when the first fails, the second gets the device. The device is that of fixtures/modules/hotplugd_device.c.
import type { ExecutionContext } from "ava";
import { sectionsOf } from "../support/project/sections.js";
import { bootUml } from "../support/vm/uml.js";
import type { Outcome } from "../support/vm/vm.js";
import { vmTest } from "../support/vm/vm-test.js";

const TIMES = 20;

const script = `
driver() { basename "$(readlink /sys/bus/platform/devices/hotplugd-rivals/driver)"; }
log=/run/hotplugd.log
listen() { hotplugd run --config /vm/settings >$log 2>&1 & until hotplugd settle 2>/dev/null; do sleep 0.1; done; }
forget() { for module; do [ ! -e /sys/module/$module ] || rmmod $module; done; }
drivers="hotplugd_second hotplugd_first hotplugd_base"

echo "== order"
modprobe -R platform:hotplugd-rivals

echo "== by a walk"
modprobe hotplugd_device
for time in $(seq ${TIMES}); do
	coldplug --quiet 100
	driver; grep -c '^hotplugd_\\(first\\|second\\) ' /proc/modules
	forget $drivers
done

echo "== the first one fails"
echo "options hotplugd_first errno=19" >/etc/modprobe.d/rivals-fail.conf
coldplug --quiet 100
driver
rm /etc/modprobe.d/rivals-fail.conf
forget $drivers hotplugd_device

echo "== by a uevent"
listen
for time in $(seq ${TIMES}); do
	modprobe hotplugd_device
	until [ "$(cat /sys/module/hotplugd_second/initstate 2>/dev/null)" = live ]; do sleep 0.1; done
	driver
	forget hotplugd_device $drivers
done
hotplugd stop; wait

echo "== by a request"
listen
modprobe hotplugd_device
hotplugd settle
forget $drivers
hotplugd load platform:hotplugd-rivals
driver
forget hotplugd_device $drivers
hotplugd stop; wait

echo "== the first one hangs"
echo "options hotplugd_first delay_ms=600000" >/etc/modprobe.d/rivals-hang.conf
listen
modprobe hotplugd_device
until grep -q '"hotplugd_second: waits for hotplugd_first' $log; do sleep 0.1; done
modprobe -R platform:hotplugd-slow
hotplugd load platform:hotplugd-slow && echo others go on
hotplugd settle && echo settled
cat /sys/module/hotplugd_first/initstate
[ -e /sys/module/hotplugd_second ] || echo the second one waits
hotplugd status | sed -n 's/^ *waiting *//p'
`;

const holds = (t: ExecutionContext, { stdout, stderr, status }: Outcome): void => {
	const parts = sectionsOf(stdout.toString());
	t.is(status, 0, stderr.toString());
	t.deepEqual(parts.order, ["hotplugd_first", "hotplugd_second"]);
	t.deepEqual(parts["by a walk"], Array.from({ length: TIMES }, () => ["hotplugd_first", "2"]).flat());
	t.deepEqual(parts["the first one fails"], ["hotplugd_second"]);
	t.deepEqual(
		parts["by a uevent"],
		Array.from({ length: TIMES }, () => "hotplugd_first"),
	);
	t.deepEqual(parts["by a request"], ["hotplugd_first"]);
	t.deepEqual(parts["the first one hangs"], [
		"hotplugd_slow",
		"others go on",
		"settled",
		"coming",
		"the second one waits",
		"hotplugd_second waits for hotplugd_first, which hangs",
	]);
};

vmTest(
	"of two drivers that match one device the first has it, twenty times of twenty, unless it fails, and while it hangs none has",
	async (t) => {
		const outcome = await bootUml({
			testModules: true,
			files: {
				"/etc/modprobe.d/rivals.conf": "options hotplugd_base delay_ms=300\n",
				"/vm/settings": "hung_seconds = 2\n",
			},
			script,
			seconds: 1200,
		});
		holds(t, outcome);
	},
);
