// A device whose MODALIAS a udev rule has emptied stays without a driver, whatever happens to the agent.
import { sectionsOf } from "../support/project/sections.js";
import { start } from "../support/vm/vm.js";
import { vmTest } from "../support/vm/vm-test.js";

const RULES = "/etc/udev/rules.d";

/**
 * The first file comes before udev's own rules and matches only "add", like most rules; the other file comes after all of them.
 */
const rules = {
	[`${RULES}/10-site.rules`]:
		'ACTION=="add", SUBSYSTEM=="pci", ATTR{vendor}=="0x10ec", ATTR{device}=="0x8139", ENV{MODALIAS}=""\n' +
		'ACTION=="add", SUBSYSTEM=="pci", ATTR{vendor}=="0x8086", ATTR{device}=="0x10d3", ENV{HOTPLUGD}="ignore"\n',
	[`${RULES}/99-site.rules`]: 'SUBSYSTEM=="platform", KERNEL=="pcspkr", ENV{MODALIAS}=""\n',
};

const script = `state() { systemctl show -p $1 --value hotplugd; }
# The devices whose drivers are looked for: three that a rule is about, and one that none names.
drivers='8139cp|8139too|pcspkr|e1000e|e1000'
live() { echo $(grep -Eo "^($drivers) " /proc/modules | sort); }
# So small a receive buffer may lose more than what is meant to be lost: what none names comes in any case.
settle() {
	until hotplugd settle --timeout 120 2>/dev/null && grep -q '^e1000 ' /proc/modules; do sleep 0.5; done
	hotplugd settle --timeout 120
}
card=$(grep -l 0x8139 /sys/bus/pci/devices/*/device); card=\${card%/device}
losses() { journalctl --sync; journalctl -b -q --no-pager -u hotplugd -o cat | grep -c 'uevents were lost'; }
again() { # the agent's next life
	until [ "$(state NRestarts)" -gt "$1" ] && [ "$(state ActiveState)" = active ]; do sleep 0.2; done
	settle
}
udevadm settle; settle
echo "== boot"; live
echo "== restarted"; modprobe -r e1000; systemctl restart hotplugd; settle; live
echo "== changed"; udevadm trigger --settle --action=change --subsystem-match=pci --subsystem-match=platform
modprobe -r e1000; systemctl restart hotplugd; settle; live
echo "== killed"; modprobe -r e1000; before=$(state NRestarts); kill -KILL $(state MainPID); again $before; live
echo "== watchdog"; modprobe -r e1000; before=$(state NRestarts); kill -STOP $(state MainPID); again $before; live
echo "== lost"; modprobe -r e1000; main=$(state MainPID); before=$(losses); kill -STOP $main
udevadm trigger --settle --action=change --subsystem-match=pci --subsystem-match=platform
# This device is a new one, of which the agent hears nothing.
echo 1 >$card/remove; echo 1 >/sys/bus/pci/rescan; udevadm trigger --settle --action=add --subsystem-match=pci
kill -CONT $main
until [ "$(losses)" -gt "$before" ]; do sleep 0.2; done
settle; live; [ "$(state MainPID)" = $main ] && echo "the same agent"
echo "== udev-alone"; modprobe -r e1000; systemctl stop hotplugd
udevadm trigger --settle --action=add; live
echo "== came-meanwhile"; rm ${RULES}/10-site.rules; udevadm control --reload
modprobe -r e1000 e1000e; echo 1 >$card/remove; udevadm settle
systemctl start hotplugd; settle; live
systemctl stop hotplugd; echo 1 >/sys/bus/pci/rescan; udevadm settle; modprobe -r 8139cp 8139too
systemctl start hotplugd; settle; live
`;

vmTest(
	"a device whose MODALIAS a rule emptied stays without a driver over restarts, a kill, the watchdog and a loss",
	async (t) => {
		const vm = await start({
			init: "systemd",
			devices: ["rtl8139,romfile=", "e1000,romfile=", "e1000e,romfile="],
			files: { ...rules, "/vm/ask": script, "/etc/hotplugd.toml": "receive_buffer_bytes = 4096\n" },
			before: "sh /opt/hotplugd/systemd/install.sh >&2",
		});
		try {
			const { stdout, stderr, status } = await vm.run("sh /vm/ask", 1200);
			t.is(status, 0, stderr);
			t.log(stderr);
			t.deepEqual(sectionsOf(stdout), {
				boot: ["e1000"],
				restarted: ["e1000"],
				changed: ["e1000"],
				killed: ["e1000"],
				watchdog: ["e1000"],
				lost: ["e1000", "the same agent"],
				// udev itself does not know the property that keeps the agent from a device.
				"udev-alone": ["e1000 e1000e"],
				// The note in udev's database disappears with the device.
				"came-meanwhile": ["e1000", "8139cp 8139too e1000"],
			});
		} finally {
			await vm.stop();
		}
	},
);
