import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { identifyDevice } from "../../../src/libkmod/formats/device-identity.js";
import { walkDevices } from "../../../src/linux/devices/sysfs.js";

const sysfs = mkdtempSync(join(tmpdir(), "sysfs-"));
test.after.always(() => rmSync(sysfs, { recursive: true }));

function addDevice(devpath: string, subsystem: string | undefined, uevent: string): void {
	mkdirSync(sysfs + devpath, { recursive: true });
	if (subsystem !== undefined) symlinkSync(`../../../${subsystem}`, `${sysfs}${devpath}/subsystem`);
	writeFileSync(`${sysfs}${devpath}/uevent`, uevent);
}

const identifies = test.macro({
	exec(t, [link, uevent]: readonly [string | undefined, string], expected: ReturnType<typeof identifyDevice>) {
		const devpath = `/devices/${t.title.replaceAll(" ", "-")}`;
		addDevice(devpath, link, uevent);
		t.deepEqual(identify(sysfs, devpath), expected);
	},
	title: (title) => `${title}`,
});

/** The identity of the device as the walk finds it. */
function identify(root: string, devpath: string) {
	const device = [...walkDevices(root, () => true)].find((one) => one.devpath === devpath);
	return device && identifyDevice(device);
}

const none = { subsystem: undefined, number: undefined, ifindex: undefined };

test("a device on a bus goes by it", identifies, ["bus/pci", "DRIVER=nvme\nMODALIAS=pci:v1\n"], {
	...none,
	subsystem: "pci",
});
test("a node has its numbers", identifies, ["class/block", "MAJOR=8\nMINOR=1\nDEVNAME=sda1\n"], {
	...none,
	subsystem: "block",
	number: "8:1",
});
test("an interface has its index", identifies, ["class/net", "INTERFACE=eth0\nIFINDEX=2\n"], {
	...none,
	subsystem: "net",
	ifindex: "2",
});
test("numbers are whole lines of digits", identifies, ["bus/x", "MAJOR=8x\nMINOR=1\nX=IFINDEX=2\nIFINDEX=\n"], {
	...none,
	subsystem: "x",
});
test("a directory that is no device has no identity", identifies, [undefined, ""], none);

test("nor has a device of which nothing is told", (t) => {
	t.deepEqual(identifyDevice({}), none);
});

test("this machine's null device is a character device of subsystem mem", (t) => {
	t.deepEqual(identify("/sys", "/devices/virtual/mem/null"), { ...none, subsystem: "mem", number: "1:3" });
});
