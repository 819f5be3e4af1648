// A machine on which modules are not loaded, or loaded in vain, each for another reason: its devices, what it is told, and what is
// done to its modules.
import { foreignModule } from "./images/test-modules.js";
import type { Machine } from "./vm.js";

/** Values of -device. Their places on the bus are given by `slot`. */
const cards = [
	...["i6300esb", "e1000,romfile=", "pcnet,romfile=", "vmxnet3,romfile=", "i82559er,romfile=", "edu"],
	...["e1000e,romfile=", "ne2k_pci,romfile=", "pvpanic-pci", "rtl8139,romfile=", "tulip,romfile="],
];

/** The PCI address of the card that begins with that word. */
export function slot(card: string): string {
	const index = cards.findIndex((value) => value.split(",")[0] === card);
	if (index === -1) throw new Error(`there is no card ${card}`);
	return `0000:00:${(0x10 + index).toString(16)}.0`;
}

export const pci = (card: string) => `/sys/bus/pci/devices/${slot(card)}`;
export const onBoard = (name: string) => `/sys/bus/platform/devices/hotplugd-${name}`;

/** The last one needs the first one. */
const boardDevices = ["supplier", "fail", "slow", "user", "firmware", "patient", "rivals", "consumer"];

const kept = `# What is kept out, and why
blacklist i6300esb
install vmxnet3 /bin/false
softdep loop pre: nls_utf8
`;

const policy = `[[mask]]
module = "pcnet32"

[[deny]]
module = "e100"

[[ignore]]
devpath = ["/devices/system/cpu*", "/devices/LNXSYSTM:00/*"]
`;

const pciNames = `# Some of pci.ids
1234  Technical Corp.
\t11e8  QEMU Educational Device
8086  Intel Corporation
\t25ab  6300ESB Watchdog Timer
`;

const oneProcessor = (vermagic: string) => vermagic.replace(" SMP ", " UP- ");
/** Of a kernel's older release. */
export const older = (vermagic: string) => vermagic.replace(/^./, "2");

export async function preparedMachine(): Promise<Machine> {
	return {
		devices: cards.map((card) => `${card},addr=${slot(card.split(",")[0]!).slice(8, 10)}`),
		append: "modprobe.blacklist=e1000 module_blacklist=tulip",
		testModules: true,
		files: {
			"/etc/modprobe.d/cases.conf": kept,
			"/etc/hotplugd/rules.d/cases.toml": policy,
			"/usr/share/misc/pci.ids": pciNames,
			"/vm/settings": "quiet_milliseconds = 100\n",
			"/foreign/hotplugd_slow.ko": await foreignModule("hotplugd_slow", (vermagic) => oneProcessor(older(vermagic))),
			"/foreign/hotplugd_user.ko": await foreignModule("hotplugd_user", oneProcessor),
			"/foreign/hotplugd_consumer.ko": await foreignModule("hotplugd_consumer", older),
		},
	};
}

/** sh: makes the state, and starts an agent that tries what can be tried. */
export const preparation = `
tree=/lib/modules/$(uname -r)
live() { grep -q "^$1 .* Live " /proc/modules && echo live || echo not live; }
driver() { [ -e "$1/driver" ] && basename "$(readlink "$1/driver")" || echo no driver; }
by_kmod() { modprobe -bnv "$(cat "$1/modalias")" 2>&1 | sed 's,.*/,,'; }
insert() { insmod "$tree/$1" 2>&1 | sed 's,.*: ,,'; }

LC_ALL=C sed -i 's/PCI NE2000 clone/PCI NE3000 clone/' $tree/kernel/drivers/net/ethernet/8390/ne2k-pci.ko
rm $tree/kernel/drivers/net/ethernet/intel/e1000e/e1000e.ko
cp /foreign/* $tree/extra/
echo vfio-pci >${pci("pvpanic-pci")}/driver_override
modprobe hotplugd_board linked=1 names=${boardDevices.map((name) => `hotplugd-${name}`).join(",")}

hotplugd run --config /vm/settings >/run/agent.log 2>&1 &
until hotplugd settle 2>/dev/null; do sleep 0.1; done
`;
