import test from "ava";
import {
	formatDeviceId,
	judgeUdevRecord,
	parseUdevRecord,
	seenByUdev,
} from "../../../src/agent/devices/udev-database.js";
import type { UdevOpinion } from "../../../src/agent/devices/udev-message.js";
import { parseProperties } from "../../../src/libkmod/formats/properties.js";
import { readCapturedDatabase } from "../../support/fakes/captured-uevents.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";

const devices = readCapturedDatabase();
const recorded = devices.filter(({ id }) => id !== undefined);
const identify = ({ subsystem, number, ifindex }: (typeof devices)[number]["identity"]) => ({
	subsystem,
	number,
	ifindex,
});
const IGNORED = "/devices/pci0000:00/0000:00:01.0";

test("the file in which udev keeps a device is found", (t) => {
	for (const { devpath, identity, id } of recorded) t.is(formatDeviceId(devpath, identify(identity)), id);
	t.true(recorded.length > 80, `${recorded.length}`);
});

const nothing = { subsystem: undefined, number: undefined, ifindex: undefined };

test("block devices, character devices and interfaces go by their numbers", (t) => {
	t.is(formatDeviceId("/devices/virtual/block/loop0", { ...nothing, subsystem: "block", number: "7:0" }), "b7:0");
	t.is(formatDeviceId("/devices/virtual/mem/null", { ...nothing, subsystem: "mem", number: "1:3" }), "c1:3");
	t.is(formatDeviceId("/devices/virtual/net/lo", { ...nothing, subsystem: "net", ifindex: "1" }), "n1");
	t.is(formatDeviceId("/devices/platform/a!b", { ...nothing, subsystem: "platform" }), "+platform:a!b");
	t.is(formatDeviceId("/devices/system/cpu", nothing), undefined);
});

test("a device's alias is what udevadm says that it is", (t) => {
	let changed = 0;
	for (const { devpath, record = "", modalias, aliases } of recorded) {
		const seen = judgeUdevRecord(parseUdevRecord(record), aliases);
		if (devpath === IGNORED) t.deepEqual(seen, { aliases: [], leftAlone: "rule" });
		else t.deepEqual(seen, { aliases: [modalias], leftAlone: undefined });
		if (modalias !== aliases[0]) changed++;
	}
	t.is(changed, 1);
});

const reads = test.macro({
	exec(t, record: string, fromKernel: string[], expected: object) {
		t.deepEqual(judgeUdevRecord(parseUdevRecord(record), fromKernel), expected as UdevOpinion);
	},
	title: (title) => `${title}`,
});

const alias = (...aliases: string[]) => ({ aliases, leftAlone: undefined });
test("an empty record changes nothing", reads, "", ["a:", "b:"], alias("a:", "b:"));
test("a changed alias stands for all of the kernel's", reads, "I:1\nE:MODALIAS=new\nV:1\n", ["a:", "b:"], alias("new"));
test("one of the kernel's own brings back the other", reads, "E:MODALIAS=b:\n", ["a:", "b:"], alias("a:", "b:"));
test("an emptied alias is none", reads, "E:MODALIAS=\n", ["a:"], alias());
test("one that a rule had emptied when the device came up is none", reads, "E:HOTPLUGD_KEPT_OUT=1\n", ["a:"], alias());
test("one that a rule has set since counts", reads, "E:HOTPLUGD_KEPT_OUT=1\nE:MODALIAS=b:\n", ["a:"], alias("b:"));
test("only properties count", reads, "S:MODALIAS=new\nG:HOTPLUGD=ignore\nX:E:MODALIAS=new\n", ["a:"], alias("a:"));
test("the last line may lack its end", reads, "E:HOTPLUGD=ignore", ["a:"], { aliases: [], leftAlone: "rule" });

test("a walk shows what udev sees, without the devices that it leaves alone", (t) => {
	const files = new Map(recorded.map(({ id, record }) => [`/run/udev/data/${id}`, Buffer.from(record!)]));
	const identities = new Map(devices.map(({ devpath, identity }) => [devpath, identify(identity)]));
	const seen = [
		...seenByUdev(devices, {
			identify: ({ devpath }) => identities.get(devpath) ?? nothing,
			files: { read: (path) => files.get(path) },
		}),
	];
	t.is(seen.length, devices.length - 1);
	t.false(seen.some(({ devpath }) => devpath === IGNORED));
	const changed = seen.filter(
		({ devpath, aliases }) => devices.find((it) => it.devpath === devpath)?.aliases !== aliases,
	);
	t.deepEqual(
		changed.map(({ aliases }) => aliases),
		[["pci:changed by a rule"]],
	);
});

test("a device without aliases, by itself or by a rule, is there for policy unless it is to be left alone", (t) => {
	const records: Readonly<Record<string, string>> = {
		none: "E:ID_X=1\n",
		emptied: "E:HOTPLUGD_KEPT_OUT=1\n",
		alone: "E:HOTPLUGD=ignore\n",
	};
	const present = [
		{ devpath: "/devices/none", aliases: [] },
		{ devpath: "/devices/emptied", aliases: ["a:"] },
		{ devpath: "/devices/alone", aliases: ["a:"] },
	];
	const read = (path: string) => Buffer.from(records[path.slice(path.lastIndexOf(":") + 1)]!);
	const seen = [...seenByUdev(present, { identify: () => ({ ...nothing, subsystem: "platform" }), files: { read } })];
	t.deepEqual(
		seen.map(({ devpath, aliases }) => [devpath, aliases]),
		[
			["/devices/none", []],
			["/devices/emptied", []],
		],
	);
});

test("policy finds the kernel's properties and udev's, which count more", (t) => {
	const device = { devpath: "/devices/platform/x", aliases: ["a:"], properties: parseProperties("\nA=1\nB=1", "\n") };
	const record = Buffer.from("I:12\nE:B=2\nE:C=a=b\nG:E:D=1\nV:1\n");
	const identity = { ...nothing, subsystem: "platform" };
	const [seen] = seenByUdev([device], { identify: () => identity, files: { read: () => record } });
	t.deepEqual(
		[...seen!.properties!],
		[
			["A", "1"],
			["B", "2"],
			["C", "a=b"],
		],
	);
	t.deepEqual(
		["A", "B", "C", "D"].map((key) => seen!.properties!.get(key)),
		["1", "2", "a=b", undefined],
	);
});

test("no bytes make it throw", (t) => {
	const random = seededRandom(t);
	for (let round = 0; round < 5000; round++) {
		const record = random.text(["\n", "E:", "MODALIAS", "HOTPLUGD", "=", "ignore", "1", "\0", "\xff", "I:"], 0, 12);
		const { aliases, leftAlone } = judgeUdevRecord(parseUdevRecord(record), ["a:"]);
		t.true(leftAlone === undefined || aliases.length === 0);
	}
});
