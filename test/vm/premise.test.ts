// Behaviour of the kernel that we rely on, observed on a real kernel through its own kmod.

import { kernelPackage } from "../support/vm/images/kernel-package.js";
import { boot, start } from "../support/vm/vm.js";
import { vmTest } from "../support/vm/vm-test.js";

const answers = `
tree=/lib/modules/$(uname -r)/kernel
try() { echo "== $1"; shift; "$@" 2>&1 | sed "s,$tree/,,"; }

try release uname -r
try modules sed 's/ .*//' /proc/modules
try compression cat /sys/module/compression
try udevd sh -c 'pidof systemd-udevd || echo none'
try first insmod $tree/drivers/block/loop.ko max_loop=3
try state cat /sys/module/loop/initstate
try parameter cat /sys/module/loop/parameters/max_loop
try again insmod $tree/drivers/block/loop.ko
try without-hardware insmod $tree/drivers/cpufreq/pcc-cpufreq.ko
try state-without-hardware cat /sys/module/pcc_cpufreq/initstate
try without-dependency insmod $tree/drivers/hid/usbhid/usbhid.ko
try built-in cat /sys/module/rcupdate/initstate
try not-a-module insmod /etc/passwd
`;

function answersIn(stdout: string): Record<string, string[]> {
	const parts = stdout.split(/^== /m).slice(1);
	return Object.fromEntries(
		parts.map((part) => {
			const [name, ...lines] = part.trimEnd().split("\n");
			return [name!, lines];
		}),
	);
}

vmTest("the kernel answers as we rely on it", async (t) => {
	const { release } = await kernelPackage();
	const { stdout } = await boot({ script: answers });
	const { modules, ...others } = answersIn(stdout);

	t.is(modules?.length, 12, `the initramfs' modules and no others: ${modules}`);
	t.deepEqual(others, {
		release: [release],
		compression: ["cat: /sys/module/compression: No such file or directory"],
		udevd: ["none"],
		first: [],
		state: ["live"],
		parameter: ["3"],
		again: ["insmod: ERROR: could not insert module drivers/block/loop.ko: File exists"],
		"without-hardware": ["insmod: ERROR: could not insert module drivers/cpufreq/pcc-cpufreq.ko: No such device"],
		"state-without-hardware": ["cat: /sys/module/pcc_cpufreq/initstate: No such file or directory"],
		"without-dependency": [
			"insmod: ERROR: could not insert module drivers/hid/usbhid/usbhid.ko: Unknown symbol in module",
		],
		"built-in": ["cat: /sys/module/rcupdate/initstate: No such file or directory"],
		"not-a-module": ["insmod: ERROR: could not insert module /etc/passwd: Invalid module format"],
	});
});

// A second insertion of a module waits for the outcome of the first. Uevents and other processes hear of the module only when it
// is live.
const whileInitRuns = `
tree=/lib/modules/$(uname -r)/extra
state() { cat /sys/module/$1/initstate; }
coming() { until [ "$(state $1 2>/dev/null)" = coming ]; do sleep 0.1; done; }
insert() { insmod $tree/$1.ko $2 $3 2>&1 | sed "s,$tree/,,"; }
announced() { grep -c "add.*/module/$1" /tmp/events; }

udevadm monitor --kernel >/tmp/events &
until grep -q ^KERNEL /tmp/events; do sleep 0.1; done
insert hotplugd_slow delay_ms=5000 &
coming hotplugd_slow
sleep 1
echo "== coming"; state hotplugd_slow; announced hotplugd_slow
echo "== again"; insert hotplugd_slow; state hotplugd_slow
until announced hotplugd_slow >/dev/null; do sleep 0.1; done
echo "== live"; announced hotplugd_slow

insert hotplugd_fail delay_ms=3000 >/dev/null &
coming hotplugd_fail
echo "== after-failure"; insert hotplugd_fail succeed=1
echo "== retry"; insert hotplugd_fail succeed=1; state hotplugd_fail
`;

vmTest("a second insertion waits for the first, and a module is announced when its init has succeeded", async (t) => {
	const { stdout } = await boot({ script: whileInitRuns, testModules: true });
	t.deepEqual(answersIn(stdout), {
		coming: ["coming", "0"],
		again: ["insmod: ERROR: could not insert module hotplugd_slow.ko: File exists", "live"],
		live: ["1"],
		"after-failure": ["insmod: ERROR: could not insert module hotplugd_fail.ko: Device or resource busy"],
		retry: ["live"],
	});
});

const plugged = {
	nic: { driver: "e1000e", bus: "port0", romfile: "" },
	disk: { driver: "nvme", bus: "port1", serial: "disk", drive: "blank0" },
	stick: { driver: "usb-storage", bus: "xhci.0", drive: "blank1" },
	line: { driver: "usb-serial", bus: "xhci.0", chardev: "nowhere0", "always-plugged": true },
};

vmTest("a device that is plugged in is announced with its alias", async (t) => {
	const ports = [0, 1].map((number) => `pcie-root-port,id=port${number},chassis=${number},slot=${number}`);
	const vm = await start({ devices: [...ports, "qemu-xhci,id=xhci"] });
	try {
		await vm.run("modprobe xhci_pci; udevadm settle");
		await vm.run(
			"udevadm monitor --kernel --property >/tmp/events & until grep -q ^KERNEL /tmp/events; do sleep 0.1; done",
		);
		for (const [id, device] of Object.entries(plugged)) await vm.qmp("device_add", { id, ...device });
		const { stdout } = await vm.run(
			"until [ $(grep -c ^MODALIAS= /tmp/events) -ge 4 ]; do sleep 0.5; done; cat /tmp/events",
		);
		const aliases = stdout.split("\n").filter((line) => line.startsWith("MODALIAS="));
		t.deepEqual(aliases.map((line) => line.slice(0, 32)).sort(), [
			"MODALIAS=pci:v00001B36d00000010s",
			"MODALIAS=pci:v00008086d000010D3s",
			"MODALIAS=usb:v0403p6001d0400dc00",
			"MODALIAS=usb:v46F4p0001d0000dc00",
		]);
		await vm.unplug("nic");
		t.is((await vm.run("grep -l 10d3 /sys/bus/pci/devices/*/device")).stdout, "");
	} finally {
		await vm.stop();
	}
});
