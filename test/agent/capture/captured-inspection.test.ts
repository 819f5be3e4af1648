import test from "ava";
import type { Capture } from "../../../src/agent/capture/capture.js";
import { openCapturedInspection } from "../../../src/agent/capture/captured-inspection.js";
import { leastCapture } from "../../support/scenes/capture-scenes.js";

const NIC = "/devices/pci0000:00/0000:00:02.0";

const capture: Capture = {
	...leastCapture,
	devices: [
		{ devpath: "/devices/pci0000:00" },
		{ devpath: NIC, subsystem: "pci", onBus: true, driver: "e1000", driverModule: "e1000" },
		{ devpath: `${NIC}/net/eth0`, subsystem: "net", uevent: "INTERFACE=eth0\nIFINDEX=2" },
		{
			devpath: "/devices/pci0000:00/0000:00:01.0",
			subsystem: "pci",
			onBus: true,
			driver: "e1000",
			driverModule: "e1000",
		},
		{
			devpath: "/devices/LNXSYSTM:00/a",
			subsystem: "acpi",
			onBus: true,
			physicalNode: NIC,
			driverOverride: "x",
			waitingForSupplier: false,
			suppliers: [NIC, "/devices/gone", "/devices/pci0000:00"],
		},
		{
			devpath: "/devices/virtual/block/sda",
			subsystem: "block",
			onBus: false,
			uevent: "MAJOR=8\nMINOR=0\nDEVNAME=sda",
		},
		{
			devpath: "/devices/virtual/tty/tty1",
			subsystem: "tty",
			uevent: "MAJOR=4\nMINOR=1\nDEVNAME=tty1\nDEVNAME=bus/tty1",
		},
		{ devpath: "/module/e1000" },
	],
	drivers: [
		{ module: "e1000", bus: "pci", name: "e1000" },
		{ module: "snd", bus: "usb", name: "snd" },
		{ module: "snd", bus: "pci", name: "snd" },
	],
	log: [{ microseconds: 1, text: "e1000: x" }],
};
const shown = openCapturedInspection(capture);

test("a device is as the capture has it, with what its links lead to", (t) => {
	t.deepEqual(shown.device("/devices/LNXSYSTM:00/a"), {
		devpath: "/devices/LNXSYSTM:00/a",
		subsystem: "acpi",
		onBus: true,
		driver: undefined,
		driverModule: undefined,
		physicalNode: NIC,
		physicalDriver: "e1000",
		driverOverride: "x",
		waitingForSupplier: false,
		suppliers: [
			{ devpath: NIC, driver: "e1000" },
			{ devpath: "/devices/pci0000:00", driver: undefined },
		],
	});
	t.is(shown.device(NIC)?.driverModule, "e1000");
	for (const path of ["/devices/gone", "/module/e1000", "/devices", ""]) t.is(shown.device(path), undefined, path);
});

test("a module's drivers have the devices that they have bound, in the order of their names", (t) => {
	t.deepEqual(shown.driversOf("e1000"), [
		{ bus: "pci", name: "e1000", devices: ["/devices/pci0000:00/0000:00:01.0", NIC] },
	]);
	t.deepEqual(shown.driversOf("snd"), [
		{ bus: "pci", name: "snd", devices: [] },
		{ bus: "usb", name: "snd", devices: [] },
	]);
	t.deepEqual(shown.driversOf("toString"), []);
	const { drivers: _, ...without } = capture;
	t.deepEqual(openCapturedInspection(without).driversOf("e1000"), shown.driversOf("e1000"), "as the devices name them");
});

test("where the capture lacks drivers, a device without one is on no bus, so that none is said to be missing", (t) => {
	const [bound, unbound] = [NIC, "/devices/pci0000:00/0000:00:03.0"];
	const devices = [...capture.devices, { devpath: unbound, subsystem: "pci", onBus: true }];
	const lacking = openCapturedInspection({ ...capture, devices, lacks: ["devices.driver"] });
	t.deepEqual([lacking.device(bound)?.onBus, lacking.device(unbound)?.onBus], [true, false]);
	t.is(openCapturedInspection({ ...capture, devices }).device(unbound)?.onBus, true);
});

const leads = test.macro((t, path: string, expected: string | undefined) => t.is(shown.follow(path), expected));

test("/class leads to a device of the class", leads, "/class/net/eth0", `${NIC}/net/eth0`);
test("/bus leads to a device on the bus", leads, "/bus/pci/devices/0000:00:02.0", NIC);
test("/block leads to a block device", leads, "/block/sda", "/devices/virtual/block/sda");
test("/class does not lead to a device on a bus", leads, "/class/pci/0000:00:02.0", undefined);
test("a device's path leads to itself", leads, NIC, NIC);
test("the link device of a device of a class leads to the device above", leads, "/class/net/eth0/device", NIC);
test("the numbers of a node lead to its device", leads, "/dev/block/8:0", "/devices/virtual/block/sda");
test("a block device is no character device", leads, "/dev/char/8:0", undefined);
test("other paths lead nowhere", leads, "/net/eth0", undefined);
test("a path upwards leads nowhere", leads, `${NIC}/../0000:00:02.0`, undefined);

test("a node's device is told by the node's name", (t) => {
	t.is(shown.deviceOfNode("/dev/sda"), "/devices/virtual/block/sda");
	t.is(shown.deviceOfNode("/dev/bus/tty1"), "/devices/virtual/tty/tty1");
	t.is(shown.deviceOfNode("/dev/sdb"), undefined);
	t.is(shown.deviceOfNode("/etc/passwd"), undefined);
});

test("the kernel's log is the capture's, or is said not to be there", (t) => {
	t.deepEqual(shown.kernelLog(), capture.log);
	t.deepEqual(openCapturedInspection(leastCapture).kernelLog(), {
		unreadable: "the capture does not hold the kernel's log",
	});
});
