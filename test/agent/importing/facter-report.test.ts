import test from "ava";
import { readFacterReport } from "../../../src/agent/importing/facter-report.js";
import { UnreadableReport } from "../../../src/agent/importing/unreadable-report.js";

// The form of a report of nixos-facter 0.4: `hardware` has a list for each class of hwinfo, and objects for bios, cpu and system.
const storage = {
	index: 8,
	attached_to: 0,
	class_list: ["storage_controller", "pci"],
	bus_type: { hex: "0004", name: "PCI", value: 4 },
	sysfs_id: "/devices/pci0000:00/0000:00:17.0",
	sysfs_bus_id: "0000:00:17.0",
	driver: "ahci",
	driver_module: "ahci",
	drivers: ["ahci"],
	driver_modules: ["ahci"],
	module_alias: "pci:v00008086d0000A282sv000017AAsd0000310Cbc01sc06i01",
};
const hub = {
	index: 22,
	vendor: { hex: "1d6b", name: "Linux 6.16.0 xhci-hcd", value: 7531 },
	serial: "0000:00:14.0",
	sysfs_id: "/devices/pci0000:00/0000:00:14.0/usb1/1-0:1.0",
	driver: "hub",
	driver_module: "usbcore",
	module_alias: "usb:v1D6Bp0002d0616dc09dsc00dp01ic09isc00ip00in00",
};
const disk = {
	index: 21,
	serial: "SECRET-SERIAL",
	sysfs_id: "/class/block/sda",
	sysfs_device_link: "/devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0",
	unix_device_names: ["/dev/disk/by-id/ata-SECRET-SERIAL", "/dev/sda"],
	driver: "ahci",
	driver_module: "ahci",
};
const bridge = {
	index: 10,
	sysfs_id: "/devices/pci0000:00/0000:00:1f.0",
	module_alias: "pci:v00008086d0000A2C6sv0sd0bc06sc01i00",
};
const report = {
	version: 1,
	system: "x86_64-linux",
	virtualisation: "none",
	hardware: {
		bios: { smbios_version: 768 },
		bridge: [bridge],
		disk: [disk],
		hub: [hub],
		storage_controller: [storage],
	},
	smbios: { system: { serial: "SECRET-SERIAL", uuid: "01234567-89ab-cdef-0123-456789abcdef" } },
};

const read = (value: unknown) => readFacterReport(JSON.stringify(value));

test("devices with an alias are there, with their drivers; the rest of a report is not", (t) => {
	const { devices, release, architecture, by, masked, files } = read(report);
	t.deepEqual(devices, [
		{
			...{ devpath: hub.sysfs_id, subsystem: "usb", onBus: true, modalias: hub.module_alias },
			...{ driver: "hub", driverModule: "usbcore" },
		},
		{
			...{ devpath: storage.sysfs_id, subsystem: "pci", onBus: true, modalias: storage.module_alias },
			...{ driver: "ahci", driverModule: "ahci" },
		},
		{ devpath: bridge.sysfs_id, subsystem: "pci", onBus: true, modalias: bridge.module_alias },
	]);
	t.deepEqual([release, architecture, by, masked, files], ["6.16.0", "x86_64", "nixos-facter", false, {}]);
	t.notRegex(JSON.stringify(read(report)), /SECRET|01234567/);
});

test("the one list of the first versions is read as well", (t) => {
	const { devices, lacks = [] } = read({ hardware: [storage, disk, hub], smbios: [] });
	t.is(devices.length, 2);
	t.true(lacks.includes("architecture") && lacks.includes("devices") && lacks.includes("devices.uevent"));
});

test("values of other types, strange paths and names of prototypes are passed over", (t) => {
	const wrong = [
		null,
		7,
		"x",
		[],
		{},
		{ ...storage, sysfs_id: 7 },
		{ ...storage, sysfs_id: "/devices/../../etc" },
		{ ...storage, sysfs_id: `/devices/${"x".repeat(5000)}` },
		{ ...storage, module_alias: "a\nb" },
		{ ...storage, module_alias: "a".repeat(65_537) },
		{ ...storage, module_alias: ["a"] },
	];
	const { devices } = read({ ...report, hardware: { a: wrong, b: [storage], c: wrong, d: "x", e: null } });
	t.deepEqual(
		devices.map(({ devpath }) => devpath),
		[storage.sysfs_id],
	);
	const odd = readFacterReport(
		'{"hardware":{"__proto__":[{"sysfs_id":"/devices/x","module_alias":"pci:x","driver":{},"driver_module":"a"}]}}',
	);
	t.deepEqual(odd.devices, [{ devpath: "/devices/x", subsystem: "pci", onBus: true, modalias: "pci:x" }]);
});

test("what is cut, no report, or without any alias is refused with a sentence", (t) => {
	const refused = (text: string): string =>
		t.throws(() => readFacterReport(text), { instanceOf: UnreadableReport }).message;
	t.regex(refused(JSON.stringify(report).slice(0, 500)), /it is cut off, or damaged/);
	t.regex(refused('["hardware"]'), /no JSON object/);
	t.regex(refused('{"hardware":7}'), /has no list of hardware/);
	t.regex(refused(JSON.stringify({ hardware: { disk: [disk] } })), /no device in it has an alias/);
	t.regex(refused(`{"hardware":${"[".repeat(50)}${"]".repeat(50)}}`), /no device in it has an alias/);
});

test("brackets without end, and more objects than devices can have, are refused before they take memory", (t) => {
	const before = process.memoryUsage().rss;
	t.throws(() => readFacterReport(`{"hardware":${"[".repeat(2 ** 26)}`), {
		instanceOf: UnreadableReport,
		message: "it looks like a report of nixos-facter, and it is nested deeper than 64 levels",
	});
	t.throws(() => readFacterReport(`{"hardware":[${"{},".repeat(2 ** 22)}{}]}`), {
		instanceOf: UnreadableReport,
		message: "it looks like a report of nixos-facter, and it has more than 4194304 objects and lists",
	});
	t.true(process.memoryUsage().rss - before < 512 * 2 ** 20);
});
