// Which device of one side is which of the other.
import test, { type ExecutionContext } from "ava";
import { pairDevices } from "../../../src/agent/comparing/device-pairs.js";

/** "path alias..." with the subsystem in front of the path: "pci/1 x y". */
const device = (words: string) => {
	const [place = "", ...aliases] = words.split(" ");
	return { devpath: `/${place.slice(place.indexOf("/") + 1)}`, subsystem: place.replace(/\/.*/, ""), aliases };
};

/** Holds which pairs there are, and that they are the same the other way round. */
function pairs(t: ExecutionContext, a: readonly string[], b: readonly string[], expected: readonly string[]) {
	const word = (one: { devpath: string } | undefined) => one?.devpath ?? "none";
	const [left, right] = [a.map(device), b.map(device)];
	const found = pairDevices(left, right).map((pair) => `${word(pair.a)} ${word(pair.b)}`);
	t.deepEqual(found, [...expected]);
	const mirrored = pairDevices(right, left).map((pair) => `${word(pair.b)} ${word(pair.a)}`);
	t.deepEqual(mirrored.toSorted(), found.toSorted());
}

test("devices of one path that share an alias are one", (t) => {
	pairs(t, ["pci/1 x", "pci/2 x"], ["pci/1 x", "pci/2 x"], ["/1 /1", "/2 /2"]);
	pairs(t, ["pci/1 x y"], ["pci/1 z y"], ["/1 /1"]);
	pairs(t, ["pci/1"], ["pci/1"], ["/1 /1"]);
});

test("a device that has moved is known by its aliases and its subsystem", (t) => {
	pairs(t, ["pci/1 x"], ["pci/2 x"], ["/1 /2"]);
	pairs(t, ["pci/1 x"], ["usb/2 x"], ["/1 none", "none /2"]);
	pairs(t, ["pci/1 x", "pci/2 y"], ["pci/1 y", "pci/2 x"], ["/1 /2", "/2 /1"]);
});

test("devices of the same aliases are paired in their order, and those that stay come first", (t) => {
	pairs(t, ["pci/1 x", "pci/2 x", "pci/3 x"], ["pci/4 x", "pci/5 x"], ["/1 /4", "/2 /5", "/3 none"]);
	pairs(t, ["pci/1 x", "pci/2 x"], ["pci/2 x", "pci/3 x"], ["/1 /3", "/2 /2"]);
});

test("another device in the same place is compared with the one that was there", (t) => {
	pairs(t, ["pci/1 x"], ["pci/1 y"], ["/1 /1"]);
});

test("devices without an alias do not move", (t) => {
	pairs(t, ["pci/1"], ["pci/2"], ["/1 none", "none /2"]);
});

test("a device that one side alone has comes in that side's order", (t) => {
	pairs(t, ["pci/1 x", "pci/2 y"], ["pci/3 z", "pci/2 y"], ["/1 none", "/2 /2", "none /3"]);
	pairs(t, [], ["pci/1 x"], ["none /1"]);
});
