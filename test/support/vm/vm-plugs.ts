// USB devices that are plugged in and out, many at a time: for tests that an agent does not wear out.
import type { Vm } from "./vm.js";

const CONTROLLERS = [0, 1, 2, 3];
const PORTS = [1, 2, 3, 4];

/** Values of -device. A hub handles one port after the other, so the sixteen ports belong to four controllers. */
export const plugControllers: readonly string[] = CONTROLLERS.map((number) => `qemu-xhci,id=ports${number},p2=4,p3=4`);

const ports = CONTROLLERS.flatMap((number) =>
	PORTS.map((port) => ({ id: `plug-${number}-${port}`, bus: `ports${number}.0`, port: `${port}` })),
);

/** Four devices with different aliases, whose drivers are in the kernel's package. Every controller gets one of each. */
const drivers = ["usb-kbd", "usb-mouse", "usb-tablet", "usb-wacom-tablet"];

/**
 * The interfaces of a device have the aliases. The pattern leaves out the interfaces of root hubs, whose names have a 0 there.
 */
const awaitInterfaces = (count: number) => `
until set -- /sys/bus/usb/devices/*-[1-9]*:*; [ -e "$1" ] || shift; [ $# = ${count} ]; do sleep 0.1; done`;

/**
 * Plugs USB devices in and out again, `count` times altogether (rounded up to a multiple of sixteen), sixteen at a time on as
 * many ports. Waits for the kernel to see them, not for drivers.
 * @param vm a machine with plugControllers among its devices, whose driver xhci_pci is loaded or will be soon
 * @param afterRound is called and awaited while no device is plugged in, with the number of devices that have come and gone so
 * far
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
