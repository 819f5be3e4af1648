import { readFileSync } from "node:fs";
import test from "ava";
import type { Capture } from "../../../src/agent/capture/capture.js";
import { readAnyCapture } from "../../../src/agent/importing/read-any-capture.js";
import { captureFiles } from "../../../src/linux/captures/capture-files.js";
import { readMachine } from "../../support/fakes/captured-machine.js";
import { tarArchive } from "../../support/worlds/tar-archive.js";

const own: Capture = { hotplugdCapture: 1, by: "test", masked: true, devices: [], files: {} };
const read = (content: string | Buffer): Capture =>
	readAnyCapture(typeof content === "string" ? Buffer.from(content, "latin1") : content, captureFiles, () => own);

test("each kind of file goes to its reader", (t) => {
	t.is(read('{"hotplugdCapture":1}'), own);
	t.is(read("P: /devices/x\nE: MODALIAS=a:b\n").by, "udevadm info --export-db");
	t.is(read('\xef\xbb\xbf{"hardware":[{"sysfs_id":"/devices/x","module_alias":"pci:x"}]}').by, "nixos-facter");
	t.is(read(tarArchive([{ name: "sys/devices/x/uevent", content: "A=1\n" }])).by, "tar of /sys");
});

test("bytes that are no text stay as they are", (t) => {
	const [device] = read(tarArchive([{ name: "sys/devices/caf\xe9/uevent", content: "MODALIAS=a:\xff\n" }])).devices;
	t.deepEqual(device, { devpath: "/devices/caf\xe9", uevent: "MODALIAS=a:\xff" });
	const [exported] = read("P: /devices/caf\xe9\nE: MODALIAS=a:\xff\n").devices;
	t.is(exported?.uevent, "MODALIAS=a:\xff");
	const [reported] = read('{"hardware":[{"sysfs_id":"/devices/caf\xc3\xa9","module_alias":"pci:\xff"}]}').devices;
	t.deepEqual([reported?.devpath, reported?.modalias], ["/devices/caf\xc3\xa9", "pci:\xff"]);
});

test("the devices of the fixture's /sys, in a tar, have the aliases that its files have", (t) => {
	const path = `${readMachine()}/sys/devices/platform/pcspkr/uevent`;
	const { devices } = read(tarArchive([{ name: path, content: readFileSync(path) }]));
	t.deepEqual(
		devices.map(({ devpath }) => devpath),
		["/devices/platform/pcspkr"],
	);
	t.true(devices[0]?.uevent?.includes("MODALIAS=platform:pcspkr"));
});
