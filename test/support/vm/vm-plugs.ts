// USB devices that come and go, many at a time: for what must not wear an agent out.
import type { Vm } from "./vm.js";

const CONTROLLERS = [0, 1, 2, 3];
const PORTS = [1, 2, 3, 4];

/** Values of -device: a hub works on one port after the other, so the sixteen ports are those of four controllers. */
export const plugControllers: readonly string[] = CONTROLLERS.map((number) => `qemu-xhci,id=ports${number},p2=4,p3=4`);

const ports = CONTROLLERS.flatMap((number) =>
	PORTS.map((port) => ({ id: `plug-${number}-${port}`, bus: `ports${number}.0`, port: `${port}` })),
);

/** Four devices with aliases of their own and drivers of the kernel's package; one of each goes to every controller. */
const drivers = ["usb-kbd", "usb-mouse", "usb-tablet", "usb-wacom-tablet"];

/** A device's interfaces are what bears the aliases. Other than those of root hubs, whose names have a 0 there. */
const awaitInterfaces = (count: number) => `
until set -- /sys/bus/usb/devices/*-[1-9]*:*; [ -e "$1" ] || shift; [ $# = ${count} ]; do sleep 0.1; done`;

/**
 * Plugs USB devices in and out again `count` times altogether (rounded up to a multiple of sixteen), sixteen at a time over as
 * many ports. It waits for the kernel's view of them, not for drivers.
 * @param vm with plugControllers among its devices, their driver xhci_pci loaded or soon to be.
 * @param afterRound is told, and awaited, with no device plugged in, how many have come and gone so far.
 */
export async function plugAndUnplug(
	vm: Vm,
	count: number,
	afterRound: (done: number) => Promise<void> = async () => {},
): Promise<void> {
	for (let done = 0; done < count; ) {
		const round = ports.map((place, index) => ({ ...place, driver: drivers[index % drivers.length]! }));
		await Promise.all(round.map((device) => vm.qmp("device_add", device)));
		await vm.run(awaitInterfaces(round.length));
		await Promise.all(round.map(({ id }) => vm.unplug(id)));
		await vm.run(awaitInterfaces(0));
		done += round.length;
		await afterRound(done);
	}
}
