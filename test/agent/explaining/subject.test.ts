import test from "ava";
import { joinAddresses, resolveSubject } from "../../../src/agent/explaining/subject.js";
import { parseProperties } from "../../../src/libkmod/formats/properties.js";
import type { PresentDevice } from "../../../src/ports/devices.js";
import { makeWorld } from "../../support/worlds/world.js";

const device = (devpath: string, alias?: string, uevent = ""): PresentDevice => ({
	devpath,
	aliases: alias === undefined ? [] : [alias],
	properties: parseProperties(`\n${uevent}`, "\n"),
});

const card = device("/devices/pci0000:00/0000:00:1f.2", "pci:v00008086d0000100Esv");
const port = device("/devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1.2", "usb:v0BDAp8153");
const disk = device(
	"/devices/pci0000:00/0000:00:1f.2/block/sda",
	undefined,
	"MAJOR=8\nMINOR=0\nDEVNAME=sda\nSUBSYSTEM=block",
);
const net = device("/devices/pci0000:00/0000:00:1f.2/net/eth0", undefined, "INTERFACE=eth0");
const named = device("/devices/platform/loop/net/loop", undefined, "INTERFACE=loop");

const around = {
	knowledge: makeWorld({ modules: { "e1000-e": [], loop: [] }, aliases: { "fs-ext4": "loop" }, builtin: ["own"] }),
	devices: [card, port, disk, net, named],
	live: new Set(["by_hand"]),
	inspection: undefined,
};

const resolve = (word: string) => resolveSubject(word, around);
const paths = (word: string) => {
	const topic = resolve(word);
	return topic.kind === "devices" ? topic.devices.map(({ devpath }) => devpath) : topic.kind;
};

test("a module is named in any spelling, by the path of its file, and also when it has no file", (t) => {
	for (const word of ["e1000-e", "e1000_e", "/lib/modules/6.0.0/kernel/e1000-e.ko.xz"])
		t.like(resolve(word), { kind: "module", module: "e1000_e" }, word);
	t.like(resolve("own"), { kind: "module", module: "own" });
	t.like(resolve("by-hand"), { kind: "module", module: "by_hand" });
});

test("a device is named by its path with or without /sys, and by its address", (t) => {
	for (const word of [
		card.devpath,
		`/sys${card.devpath}`,
		`/sys${card.devpath}/`,
		"0000:00:1f.2",
		"00:1f.2",
		"00:1F.2",
		"pci 00:1f.2",
	])
		t.deepEqual(paths(word), [card.devpath], word);
	for (const word of ["1-1.2", "usb 1-1.2"]) t.deepEqual(paths(word), [port.devpath], word);
	t.deepEqual(joinAddresses(["usb", "1-1.2", "usb", "pci", "00:1f.2"]), ["usb 1-1.2", "usb", "pci 00:1f.2"]);
});

test("a disk and an interface stand for the device above them that has an alias", (t) => {
	for (const word of ["/dev/sda", "/dev/block/8:0", "eth0", `/sys${net.devpath}`])
		t.deepEqual(paths(word), [card.devpath], word);
	t.is(paths("/dev/sdb"), "unknown");
	t.is(paths("/dev/char/8:0"), "unknown");
});

test("a USB device stands for its interfaces, also where a capture has nothing but them", (t) => {
	const hub = "/devices/pci0000:00/0000:00:15.0/usb1";
	const [own, ...interfaces] = [`${hub}/1-0:1.0`, `${hub}/1-4/1-4.1/1-4.1:1.0`, `${hub}/1-4/1-4.1/1-4.1:1.1`];
	const further = device(`${hub}/1-4/1-4.1/1-4.1.2/1-4.1.2:1.0`, "usb:v3");
	const captured = [device(own, "usb:v1"), ...interfaces.map((path) => device(path, "usb:v2")), further];
	const ask = (word: string, devices: readonly PresentDevice[]) => resolveSubject(word, { ...around, devices });
	const found = (word: string, devices: readonly PresentDevice[] = captured) => {
		const topic = ask(word, devices);
		return topic.kind === "devices" ? topic.devices.map(({ devpath }) => devpath) : topic.kind;
	};
	for (const word of ["1-4.1", "usb 1-4.1", `${hub}/1-4/1-4.1`, `/sys${hub}/1-4/1-4.1/`])
		t.deepEqual(found(word), interfaces, word);
	t.deepEqual(found("usb1"), [own]);
	t.deepEqual(found("1-4"), [...interfaces, further.devpath]);
	for (const word of ["0000:00:15.0", "00:15.0", "pci0000:00"])
		t.deepEqual(found(word), [own, ...interfaces, further.devpath], word);
	t.deepEqual(found("1-4.1", [device(`${hub}/1-4/1-4.1`), ...captured]), interfaces);
	t.is(ask("1-4.1", captured).taken.remark, "1-4.1 has no alias: this is about the 2 devices below it that have one");
	for (const word of ["devices", "/sys/devices", "/", "1-4.", "4.1", `${hub}/1-4/1-4`])
		t.is(found(word), "unknown", word);
});

test("a word that is a module and an interface is the module, and that is said", (t) => {
	t.like(resolve("loop"), {
		kind: "module",
		taken: { as: "module", remark: "a network interface is named loop too: ask for it by /sys/class/net/loop" },
	});
});

test("ids and aliases are told by their form, and names by the indexes", (t) => {
	t.like(resolve("8086:100E"), { kind: "ids", ids: { vendor: "8086", product: "100e" } });
	t.like(resolve("pci:v1234"), { kind: "alias", alias: "pci:v1234" });
	t.like(resolve("fs-ext4"), { kind: "alias", alias: "fs-ext4" });
	t.like(resolve("e1000-f"), { kind: "unknown", nearest: ["e1000_e"] });
	t.like(resolve("/sys/devices/none"), { kind: "unknown" });
});
