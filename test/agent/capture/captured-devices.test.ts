import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import test from "ava";
import type { Capture } from "../../../src/agent/capture/capture.js";
import { openCapturedDevices, sortAsWalked } from "../../../src/agent/capture/captured-devices.js";
import { walkDevices } from "../../../src/linux/devices/sysfs.js";
import { captureDevices } from "../../support/fakes/tree-capture.js";

const root = mkdtempSync(join(tmpdir(), "captured-devices-"));
test.after.always(() => rmSync(root, { recursive: true }));
const sysfs = `${root}/sys`;

type Planted = {
	readonly modalias?: string;
	readonly uevent?: string;
	readonly link?: string;
	readonly driver?: string;
};

const planted: Readonly<Record<string, Planted>> = {
	"/devices/LNXSYSTM:00": { modalias: "acpi:LNXSYSTM:\n", uevent: "MODALIAS=acpi:LNXSYSTM:\n", link: "/bus/acpi" },
	"/devices/LNXSYSTM:00/LNXPWRBN:00": { uevent: "MODALIAS=acpi:LNXPWRBN:\n", link: "/bus/acpi" },
	"/devices/pci0000:00": { uevent: "" },
	"/devices/pci0000:00/0000:00:1f.0": {
		modalias: "pci:v1\n",
		uevent: "DRIVER=a\nPCI_ID=1:2\n",
		link: "/bus/pci",
		driver: "a",
	},
	"/devices/pci0000:00/0000:00:1f.0/net/eth0": { uevent: "INTERFACE=eth0\nIFINDEX=2\n", link: "/class/net" },
	"/devices/pci0000:00/0000:00:1f.0-b": { uevent: "MODALIAS=x:\nMODALIAS=y:\nDRIVER=\n" },
	"/devices/pci0000:00/0000:00:1f.0/power_supply/bat": { uevent: "POWER=1\n", link: "/class/power_supply" },
	"/devices/pci0000:00/0000:00:1f.0/input/input3": { modalias: "input:b\n", uevent: "NAME=k\n", link: "/class/input" },
	"/devices/pci0000:00/usb1/1-1": { uevent: "DEVTYPE=usb_device\nSUBSYSTEM=liar\nACTION=remove\n", link: "/bus/usb" },
	"/devices/pci0000:00/usb1/1-1/\xe4\xff": { modalias: "of:Na\nof:Nb\nof:Na\n" },
	"/devices/system/memory/memory0": { uevent: "MEM=1\n", link: "/bus/memory" },
	"/devices/virtual/tty/tty1": { uevent: "MAJOR=4\nMINOR=1\nDEVNAME=tty1\n", link: "/class/tty" },
	"/devices/virtual/block/dm-0": { uevent: "MAJOR=253\nMINOR=0\nDEVNAME=dm-0\n", link: "/class/block" },
	"/devices/virtual/misc/kvm": { uevent: "DEVNAME=kvm\n", link: "/class/misc" },
	"/devices/platform/power": { modalias: "platform:power\n", uevent: "MODALIAS=platform:power\n" },
};

for (const [devpath, { modalias, uevent, link, driver }] of Object.entries(planted)) {
	const place = Buffer.from(sysfs + devpath, "latin1");
	const at = (name: string): Buffer => Buffer.from(`${sysfs}${devpath}/${name}`, "latin1");
	mkdirSync(place, { recursive: true });
	if (modalias !== undefined) writeFileSync(at("modalias"), modalias);
	if (uevent !== undefined) writeFileSync(at("uevent"), uevent);
	if (link !== undefined) symlinkSync(relative(sysfs + devpath, sysfs + link), at("subsystem"));
	if (driver !== undefined) symlinkSync(relative(sysfs + devpath, `${sysfs}${link}/drivers/${driver}`), at("driver"));
}
for (const module of ["snd", "e1000", "a\xff"])
	mkdirSync(Buffer.from(`${sysfs}/module/${module}`, "latin1"), { recursive: true });
mkdirSync(dirname(`${sysfs}/x`), { recursive: true });

const capture: Capture = {
	hotplugdCapture: 1,
	by: "a test",
	masked: false,
	devices: captureDevices(sysfs).toReversed(),
	files: {},
};

const tell = (devices: Iterable<ReturnType<typeof walkDevices> extends Iterable<infer D> ? D : never>) =>
	[...devices].map(({ devpath, aliases, properties }) => ({ devpath, aliases, properties: [...properties] }));

const askers: Readonly<Record<string, ((subsystem: string) => boolean) | undefined>> = {
	"for aliases alone": undefined,
	"for every subsystem": () => true,
	"for no subsystem": () => false,
	"for modules": (subsystem) => subsystem === "module",
	"for network interfaces": (subsystem) => subsystem === "net",
	"for terminals, power supplies and memory": (subsystem) => ["tty", "power_supply", "memory"].includes(subsystem),
};

for (const [asked, concerns] of Object.entries(askers))
	test(`${asked}, a capture has the devices of the walk, in its order, with its aliases and properties`, (t) => {
		const walked = tell(walkDevices(sysfs, concerns));
		t.true(walked.length > 4);
		const { present } = openCapturedDevices(capture);
		t.deepEqual(tell(present(concerns) as Iterable<never>), walked);
		t.deepEqual(tell(present(concerns) as Iterable<never>), walked, "a second time");
	});

test("devices of any order are sorted as the walk goes", (t) => {
	const paths = [
		"/module/b",
		"/devices/a",
		"/devices/a/b",
		"/devices/a/b/c",
		"/devices/a-b",
		"/devices/b",
		"/devices/LNXSYSTM:00/a",
	];
	const shuffled = paths.toReversed().map((devpath) => ({ devpath }));
	t.deepEqual(
		sortAsWalked(shuffled).map(({ devpath }) => devpath),
		paths,
	);
});

test("a device has the identity by which udev knows it", (t) => {
	const { present, identify } = openCapturedDevices(capture);
	const found = [...present(() => true)].find(({ devpath }) => devpath.endsWith("/tty1"))!;
	t.deepEqual(identify(found), { subsystem: "tty", number: "4:1", ifindex: undefined });
});

test("nobody can listen to a captured machine", async (t) => {
	const { listen } = openCapturedDevices(capture);
	await t.throwsAsync(() => listen({ receiveBuffer: 1 }), { message: /a captured machine sends none/ });
});
