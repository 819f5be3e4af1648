import { rmSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import type { CapturedDevice } from "../../../src/agent/capture/capture.js";
import { readUdevExport } from "../../../src/agent/importing/udev-export.js";
import { UnreadableReport } from "../../../src/agent/importing/unreadable-report.js";
import { exportDatabase, findMissing } from "../../support/real/archivers.js";
import { asWalked, type WalkedMachineDevice, walkMachine } from "../../support/real/walked-machine.js";
import { plantSysfs, RELEASE_OF_HUB } from "../../support/worlds/planted-sysfs.js";

const root = plantSysfs();
test.after.always(() => rmSync(root, { recursive: true }));

const missing = findMissing("udevadm", "unshare");

/** Records of udev's rules: what they add is no business of a capture, but for the kind of a block device. */
const database = {
	"c189:0": "E:ID_VENDOR_ENC=Linux\\x206.1.0-56-amd64\\x20xhci-hcd\nE:ID_SERIAL=Linux_0000:00:14.0\n",
	"b253:0": "E:DM_UUID=CRYPT-LUKS2-0123456789abcdef0123456789abcdef-root\nE:DM_NAME=secret\n",
	"b9:0": "E:MD_LEVEL=raid1\nE:MD_UUID=01234567:89abcdef:01234567:89abcdef\n",
	"b8:0": "S:disk/by-id/ata-SECRET\nE:ID_SERIAL=SECRET\nE:ID_WWN=0x5000c5001234abcd\n",
};

/** What the text can tell of a device that a walk has found: the last MODALIAS of `uevent`, and no other attribute. */
function asExported(device: WalkedMachineDevice): Partial<WalkedMachineDevice> {
	const { devpath, subsystem, onBus, driver, mdLevel, properties } = device;
	const { MODALIAS } = properties;
	const told = {
		devpath,
		subsystem,
		onBus,
		driver,
		mdLevel,
		properties,
		aliases: MODALIAS === undefined ? [] : [MODALIAS],
	};
	return Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined));
}

if (missing.length > 0 && !process.env.HOTPLUGD_REQUIRE_VM)
	test(`a real udevadm is asked where ${missing.join(" and ")} is installed`, (t) => t.pass());
else {
	test("the devices of the real udevadm are those of a walk that have a subsystem, with the same alias, properties and driver", (t) => {
		const capture = readUdevExport(exportDatabase(root, database));
		const walked = walkMachine(join(root, "sys"));
		const withSubsystem = walked.filter(({ devpath, subsystem }) => devpath.startsWith("/devices/") && subsystem);
		t.true(withSubsystem.length > 15);
		const kept = (properties: Readonly<Record<string, string>>) =>
			Object.fromEntries(Object.entries(properties).sort(([one], [two]) => (one < two ? -1 : 1)));
		const sorted = (devices: readonly Partial<WalkedMachineDevice>[]) =>
			devices
				.map((device) => ({ ...device, properties: kept(device.properties ?? {}) }))
				.sort((one, two) => (one.devpath! < two.devpath! ? -1 : 1));
		t.deepEqual(sorted(capture.devices.map(asWalked)), sorted(withSubsystem.map(asExported)));
		t.is(capture.release, RELEASE_OF_HUB);
		t.deepEqual(
			capture.devices.flatMap(({ dmKind }) => dmKind ?? []),
			["CRYPT-LUKS2"],
		);
		t.notRegex(JSON.stringify(capture), /secret|SERIAL|0123456|5000c500/i);
	});

	test("what the text lacks is said: the alias that an attribute alone has, a device without a subsystem, and the rest", (t) => {
		const { lacks = [], devices } = readUdevExport(exportDatabase(root, {}));
		const acpi = devices.find(({ devpath }) => devpath.endsWith("PRP0001:00"))!;
		t.deepEqual(asWalked(acpi).aliases, ["acpi:PRP0001:"]);
		t.false(devices.some(({ devpath }) => devpath === "/devices/pci0000:00"));
		for (const name of [
			"devices",
			"devices.modalias",
			"devices.uevent",
			"release",
			"modules",
			"/proc/modules",
			"/etc/modprobe.d",
		])
			t.true(lacks.includes(name), name);
	});
}

const record = (...lines: readonly string[]): string => `${lines.join("\n")}\n\n`;
const devicesOf = (text: string): readonly CapturedDevice[] => readUdevExport(text).devices;

test("records of an old udev, without the letters M to V, are read as well", (t) => {
	const text = record(
		...["P: /devices/pci0000:00/0000:00:1f.2", "E: UDEV_LOG=3", "E: DEVPATH=/devices/pci0000:00/0000:00:1f.2"],
		...["E: DRIVER=ahci", "E: PCI_ID=8086:2922", "E: MODALIAS=pci:v1", "E: SUBSYSTEM=pci"],
	);
	t.deepEqual(devicesOf(text), [
		{
			...{ devpath: "/devices/pci0000:00/0000:00:1f.2", subsystem: "pci", onBus: true, driver: "ahci" },
			uevent: "DRIVER=ahci\nPCI_ID=8086:2922\nMODALIAS=pci:v1",
		},
	]);
});

test("records of a new udev, with J, B and modules, drivers and buses among the devices, are read as well", (t) => {
	const text =
		record(
			"P: /module/ahci",
			"M: ahci",
			"J: +module:ahci",
			"U: module",
			"E: DEVPATH=/module/ahci",
			"E: SUBSYSTEM=module",
		) +
		record("P: /bus/pci", "M: pci", "J: +subsystem:pci", "U: subsystem", "E: DEVPATH=/bus/pci") +
		record("P: /bus/pci/drivers/ahci", "U: drivers", "B: pci", "E: DEVPATH=/bus/pci/drivers/ahci") +
		record("P: /devices/x", "J: +pci:x", "U: pci", "V: ahci", "E: DEVPATH=/devices/x", "E: MODALIAS=a:b");
	t.deepEqual(devicesOf(text), [
		{ devpath: "/devices/x", subsystem: "pci", onBus: true, uevent: "MODALIAS=a:b", driver: "ahci" },
		{ devpath: "/module/ahci" },
	]);
});

test("colours of a terminal, carriage returns and words around the text do not matter, nor does a cut end", (t) => {
	const plain = record("P: /devices/x", "E: SUBSYSTEM=pci", "E: MODALIAS=a:b");
	const expected = [{ devpath: "/devices/x", subsystem: "pci", onBus: true, uevent: "MODALIAS=a:b" }];
	t.deepEqual(devicesOf(plain), expected);
	t.deepEqual(devicesOf(plain.replaceAll("\n", "\r\n")), expected);
	t.deepEqual(devicesOf(plain.replaceAll(/^(.): (.*)$/gm, "\x1b[0;1;39m$1: $2\x1b[0m")), expected);
	t.deepEqual(devicesOf(`$ udevadm info -e\n\n${plain}thank you\n`), expected);
	t.deepEqual(devicesOf(plain.trimEnd()), expected);
});

test("a node's name is without /dev, and a device of a class is on no bus", (t) => {
	const text =
		record("P: /devices/x", "E: SUBSYSTEM=scsi", "E: DRIVER=sd") +
		record("P: /devices/x/block/sda", "E: SUBSYSTEM=block", "E: DEVNAME=/dev/sda", "E: MAJOR=8", "E: MINOR=0") +
		record("P: /devices/x/block/sda/sda1", "E: SUBSYSTEM=block", "E: DEVNAME=/dev/sda1") +
		record("P: /devices/virtual/dmi/id", "E: SUBSYSTEM=dmi", "E: MODALIAS=dmi:bvn") +
		record("P: /devices/system/cpu/cpu0", "E: SUBSYSTEM=cpu", "E: MODALIAS=cpu:type:x86");
	t.deepEqual(
		devicesOf(text).map(({ devpath, onBus, uevent }) => [devpath, onBus, uevent]),
		[
			["/devices/system/cpu/cpu0", true, "MODALIAS=cpu:type:x86"],
			["/devices/virtual/dmi/id", false, "MODALIAS=dmi:bvn"],
			["/devices/x", true, "DRIVER=sd"],
			["/devices/x/block/sda", false, "MAJOR=8\nMINOR=0\nDEVNAME=sda"],
			["/devices/x/block/sda/sda1", false, "DEVNAME=sda1"],
		],
	);
});

test("paths that lead elsewhere are no devices, and a text without a device is refused", (t) => {
	const hostile = [
		"/devices/../../etc",
		"/devices/x/..",
		"/devices//x",
		"devices/x",
		"/devices",
		"/module/a/b",
		`/devices/${"x".repeat(5000)}`,
	];
	for (const path of hostile) {
		const text = record(`P: ${path}`, "E: SUBSYSTEM=pci", "E: MODALIAS=a:b");
		t.throws(() => readUdevExport(text), { instanceOf: UnreadableReport, message: /no device is in it/ }, path);
	}
});

test("more devices than any machine has are refused", (t) => {
	const text = Array.from({ length: 2 ** 18 + 1 }, (_, n) => `P: /devices/${n}\n\n`).join("");
	t.throws(() => readUdevExport(text), { instanceOf: UnreadableReport, message: "it lists more than 262,144 devices" });
});
