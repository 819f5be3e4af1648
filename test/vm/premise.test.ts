// What we lean on in the kernel, seen on a real one through its own kmod.

import { kernelPackage } from "../support/vm/kernel-package.js";
import { boot } from "../support/vm.js";
import { vmTest } from "../support/vm-test.js";

const script = `
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
	const { stdout } = await boot({ script });
	const { modules, ...answers } = answersIn(stdout);

	t.is(modules?.length, 12, `the initramfs' modules and no others: ${modules}`);
	t.deepEqual(answers, {
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
