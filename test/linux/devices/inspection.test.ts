import {
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readlinkSync,
	realpathSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import test from "ava";
import { openInspection } from "../../../src/linux/devices/inspection.js";
import { walkDevices } from "../../../src/linux/devices/sysfs.js";
import { thisMachine } from "../../../src/this-machine.js";

const folder = mkdtempSync(join(realpathSync(tmpdir()), "inspection-"));
test.after.always(() => rmSync(folder, { recursive: true }));

let trees = 0;

/** A made-up sysfs: a file has a text, and a link begins with "-> ". */
function treeWith(entries: Readonly<Record<string, string>>, below = "sys"): string {
	const root = join(folder, `tree-${trees++}`);
	for (const [path, content] of Object.entries(entries)) {
		const place = join(root, below, path);
		mkdirSync(dirname(place), { recursive: true });
		if (content.startsWith("-> ")) symlinkSync(content.slice(3), place);
		else writeFileSync(place, content);
	}
	return root;
}

const NIC = "devices/pci0000:00/0000:00:03.0";

const nic: Readonly<Record<string, string>> = {
	[`${NIC}/uevent`]: "PCI_CLASS=20000\n",
	[`${NIC}/subsystem`]: "-> ../../../bus/pci",
	[`${NIC}/driver`]: "-> ../../../bus/pci/drivers/e1000",
	[`${NIC}/driver_override`]: "(null)\n",
	[`${NIC}/net/eth0/uevent`]: "INTERFACE=eth0\n",
	[`${NIC}/net/eth0/subsystem`]: "-> ../../../../../class/net",
	"bus/pci/devices/0000:00:03.0": `-> ../../../${NIC}`,
	"bus/pci/drivers/e1000/0000:00:03.0": `-> ../../../../${NIC}`,
	"bus/pci/drivers/e1000/module": "-> ../../../../module/e1000",
	"bus/pci/drivers/e1000/bind": "",
	"class/net/eth0": `-> ../../${NIC}/net/eth0`,
	"module/e1000/drivers/pci:e1000": "-> ../../../bus/pci/drivers/e1000",
};

const nothing = {
	driver: undefined,
	driverModule: undefined,
	physicalNode: undefined,
	physicalDriver: undefined,
	driverOverride: undefined,
	waitingForSupplier: undefined,
	suppliers: [],
};

const sysfsWith = (entries: Readonly<Record<string, string>>) => openInspection(join(treeWith(entries), "sys"));

test("a device is told with its subsystem, its driver and the driver's module", (t) => {
	const inspection = sysfsWith(nic);
	t.deepEqual(inspection.device(`/${NIC}`), {
		...nothing,
		devpath: `/${NIC}`,
		subsystem: "pci",
		onBus: true,
		driver: "e1000",
		driverModule: "e1000",
	});
	t.deepEqual(inspection.device(`/${NIC}/net/eth0`), {
		...nothing,
		devpath: `/${NIC}/net/eth0`,
		subsystem: "net",
		onBus: false,
	});
});

test("a driver that is built in has no module, and a device without links has nothing but its path", (t) => {
	const { "bus/pci/drivers/e1000/module": _, ...builtIn } = nic;
	t.like(sysfsWith(builtIn).device(`/${NIC}`), { driver: "e1000", driverModule: undefined });
	t.deepEqual(sysfsWith({ "devices/x/modalias": "platform:x\n" }).device("/devices/x"), {
		...nothing,
		devpath: "/devices/x",
		subsystem: undefined,
		onBus: false,
	});
});

test("links that lead to nothing in a capture still name the bus and the driver", (t) => {
	const found = sysfsWith({
		"devices/x/uevent": "",
		"devices/x/subsystem": "-> ../../bus/platform",
		"devices/x/driver": "-> ../../bus/platform/drivers/a driver",
	}).device("/devices/x");
	t.like(found, { subsystem: "platform", onBus: true, driver: "a driver", driverModule: undefined });
});

test("driver_override is told only where one is set, also where a capture pads it with NULs", (t) => {
	const override = (text: string) =>
		sysfsWith({ "devices/x/uevent": "", "devices/x/driver_override": text }).device("/devices/x")?.driverOverride;
	t.is(override("vfio-pci\n"), "vfio-pci");
	t.is(override(`vfio-pci\n${"\0".repeat(4000)}`), "vfio-pci");
	t.is(override("(null)\n"), undefined);
	t.is(override("\n"), undefined);
	t.is(override("x".repeat(100_000)), undefined);
});

test("a device waits for a supplier, does not, or the kernel does not say", (t) => {
	const waiting = (text: string) =>
		sysfsWith({ "devices/x/uevent": "", "devices/x/waiting_for_supplier": text }).device("/devices/x")
			?.waitingForSupplier;
	t.deepEqual(["1\n", "0\n", "2\n", ""].map(waiting), [true, false, undefined, undefined]);
});

test("suppliers are told with their drivers, and one that has gone is left out", (t) => {
	const found = sysfsWith({
		"devices/consumer/uevent": "",
		"devices/consumer/supplier:platform:clock": "-> ../virtual/devlink/platform:clock--platform:consumer",
		"devices/consumer/supplier:platform:gone": "-> ../virtual/devlink/platform:gone--platform:consumer",
		"devices/consumer/supplier:platform:power": "-> ../virtual/devlink/platform:power--platform:consumer",
		"devices/virtual/devlink/platform:clock--platform:consumer/supplier": "-> ../../../clock",
		"devices/virtual/devlink/platform:power--platform:consumer/supplier": "-> ../../../power",
		"devices/clock/uevent": "",
		"devices/clock/driver": "-> ../../bus/platform/drivers/clock-driver",
		"devices/power/uevent": "",
	}).device("/devices/consumer");
	t.deepEqual(found?.suppliers, [
		{ devpath: "/devices/clock", driver: "clock-driver" },
		{ devpath: "/devices/power", driver: undefined },
	]);
});

test("of the devices that firmware describes by one, the one with a driver is told", (t) => {
	const acpi = {
		"devices/LNXSYSTM:00/PNP0A08:00/uevent": "",
		"devices/LNXSYSTM:00/PNP0A08:00/physical_node": "-> ../../pci0000:00",
		"devices/pci0000:00/uevent": "",
	};
	const state = { physicalNode: "/devices/pci0000:00", physicalDriver: undefined };
	t.like(sysfsWith(acpi).device("/devices/LNXSYSTM:00/PNP0A08:00"), state);
	const two = {
		...acpi,
		"devices/LNXSYSTM:00/PNP0A08:00/physical_node1": "-> ../../platform",
		"devices/platform/uevent": "",
		"devices/platform/driver": "-> ../../bus/platform/drivers/second",
	};
	t.like(sysfsWith(two).device("/devices/LNXSYSTM:00/PNP0A08:00"), {
		physicalNode: "/devices/platform",
		physicalDriver: "second",
	});
});

test("the drivers of a module are told with the devices that they have bound", (t) => {
	const inspection = sysfsWith(nic);
	t.deepEqual(inspection.driversOf("e1000"), [{ bus: "pci", name: "e1000", devices: [`/${NIC}`] }]);
	for (const module of ["other", "../module/e1000", "..", ".", "", "e1000/drivers"])
		t.deepEqual(inspection.driversOf(module), []);
});

test("paths of classes, buses and devices lead to a devpath, and to nothing where there is no device", (t) => {
	const inspection = sysfsWith(nic);
	t.is(inspection.follow("/class/net/eth0"), `/${NIC}/net/eth0`);
	t.is(inspection.follow("/bus/pci/devices/0000:00:03.0"), `/${NIC}`);
	t.is(inspection.follow(`/${NIC}`), `/${NIC}`);
	for (const path of [
		"/class/net/eth1",
		"/bus/pci",
		"/devices",
		"/devices/pci0000:00",
		"",
		"/",
		`/${NIC}/uevent`,
		"/\0",
	])
		t.is(inspection.follow(path), undefined, path);
});

test("no link leads out of the sysfs", (t) => {
	const root = treeWith(
		{
			"out/uevent": "",
			"sys/devices/in/uevent": "",
			"sys/class/net/relative": "-> ../../../out",
			"sys/class/net/absolute": "-> /sys/devices",
			"sys/class/net/loop": "-> loop",
			"sys/devices/in/physical_node": "-> ../../../../../../../../../../sys/devices/platform",
			"sys/devices/in/driver_override": "-> ../../../secret",
			secret: "secret\n",
			"sys/devices/in/modalias": "",
		},
		"",
	);
	for (const inspection of [openInspection(join(root, "sys")), openInspection(join(root, "sys"), root)]) {
		for (const name of ["relative", "absolute", "loop"]) t.is(inspection.follow(`/class/net/${name}`), undefined);
		t.is(inspection.follow("/../../out"), undefined);
		t.like(inspection.device("/devices/in"), { physicalNode: undefined, driverOverride: undefined });
	}
});

test("with a root, links are resolved within it, whether relative or absolute", (t) => {
	const root = treeWith(nic, "captured/sys");
	symlinkSync("/captured/sys", join(root, "sys"));
	mkdirSync(join(root, "captured/sys/class/block"), { recursive: true });
	symlinkSync(`/sys/${NIC}`, join(root, "captured/sys/class/block/absolute"));
	const inspection = openInspection(`${root}/sys/`, root);
	t.is(inspection.follow("/class/net/eth0"), `/${NIC}/net/eth0`);
	t.is(inspection.follow("/class/block/absolute"), `/${NIC}`);
	t.like(inspection.device(`/${NIC}`), { driver: "e1000", driverModule: "e1000" });
});

test("a device that has gone is undefined, and so is everything of a sysfs that is not there", (t) => {
	const inspection = openInspection(join(folder, "none"));
	t.is(inspection.device("/devices/x"), undefined);
	t.is(inspection.follow("/class/net/eth0"), undefined);
	t.deepEqual(inspection.driversOf("e1000"), []);
});

test("the log of another root is the copy of its own, and its absence is told", (t) => {
	const root = treeWith({ kmsg: "6,1,2000000,-;one\n SUBSYSTEM=pci\n" }, "dev");
	t.deepEqual(openInspection(`${root}/sys`, root).kernelLog(), [{ microseconds: 2_000_000, text: "one" }]);
	const bare = treeWith({ uevent: "" });
	t.deepEqual(openInspection(`${bare}/sys`, bare).kernelLog(), {
		unreadable: `the kernel's log cannot be read: there is no ${bare}/dev/kmsg`,
	});
});

test("every device of this machine has the driver and the subsystem that its links name", async (t) => {
	const inspection = await thisMachine.inspect("/sys");
	const lastOf = (path: string): string | undefined => {
		try {
			return basename(readlinkSync(path));
		} catch {
			return undefined;
		}
	};
	let driven = 0;
	for (const { devpath } of walkDevices("/sys", () => true)) {
		if (!devpath.startsWith("/devices/")) continue;
		const state = inspection.device(devpath);
		if (state === undefined) continue;
		t.is(state.driver, lastOf(`/sys${devpath}/driver`), devpath);
		t.is(state.subsystem, lastOf(`/sys${devpath}/subsystem`), devpath);
		if (state.driver !== undefined) driven++;
		t.true(state.driver === undefined || state.onBus, `${devpath} is driven and on no bus`);
	}
	t.true(driven > 0, "no device of this machine has a driver");
});

test("what /sys/class and /sys/bus list leads to devices", (t) => {
	const inspection = openInspection("/sys");
	const listed = [
		...readdirSync("/sys/class/net").map((name) => `/class/net/${name}`),
		...readdirSync("/sys/bus/platform/devices").map((name) => `/bus/platform/devices/${name}`),
	].filter((path) => !path.endsWith("bonding_masters"));
	t.true(listed.length > 0);
	for (const path of listed) t.is(`/sys${inspection.follow(path)}`, realpathSync(`/sys${path}`), path);
});

test("a node in /dev leads to its device, and any other file to none", (t) => {
	const inspection = openInspection("/sys");
	t.is(inspection.deviceOfNode("/dev/null"), "/devices/virtual/mem/null");
	t.is(inspection.deviceOfNode("/dev"), undefined);
	// udev's names, such as /dev/disk/by-id/*, are links to nodes.
	const link = join(folder, "by-id");
	symlinkSync("/dev/null", link);
	t.is(inspection.deviceOfNode(link), "/devices/virtual/mem/null");
	const loop = join(folder, "by-loop");
	symlinkSync(loop, loop);
	t.is(inspection.deviceOfNode(loop), undefined);
	t.is(inspection.deviceOfNode("/dev/does-not-exist"), undefined);
	t.is(openInspection(join(folder, "none")).deviceOfNode("/dev/null"), undefined);
});
