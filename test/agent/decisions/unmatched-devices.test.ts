import test from "ava";
import type { Decision } from "../../../src/agent/decisions/decider.js";
import { makeUnmatchedDevices } from "../../../src/agent/decisions/unmatched-devices.js";

const decision = (alias: string, module?: string): Decision => ({
	device: "",
	alias,
	matches: module ? [{ found: { module, via: "alias index", pattern: alias }, verdict: "wanted" }] : [],
});

const device = (devpath: string) => ({ devpath, aliases: [] });

test("of a device, the aliases that no module has are remembered, until all are taken", (t) => {
	const unmatched = makeUnmatchedDevices();
	unmatched.note(device("/a"), [decision("x:1"), decision("x:2", "m"), decision("x:3")]);
	unmatched.note(device("/b"), [decision("x:2", "m")]);
	t.deepEqual(unmatched.takeAll(), [{ devpath: "/a", aliases: ["x:1", "x:3"] }]);
	t.deepEqual(unmatched.takeAll(), []);
});

test("what policy goes by is remembered with a device, and what policy loads for it is not taken for an alias of its own", (t) => {
	const unmatched = makeUnmatchedDevices();
	const properties = new Map([["SUBSYSTEM", "usb"]]);
	const rule = { file: "p", line: 1 };
	unmatched.note({ ...device("/a"), properties }, [decision("x:1"), { ...decision("i2o_block"), rule }]);
	t.deepEqual(unmatched.takeAll(), [{ devpath: "/a", aliases: ["x:1"], properties }]);
	unmatched.note({ ...device("/a"), properties }, [{ ...decision("i2o_block"), rule }]);
	t.deepEqual(unmatched.takeAll(), [{ devpath: "/a", aliases: [], properties }]);
});

test("what was kept out is not remembered, however that was", (t) => {
	const unmatched = makeUnmatchedDevices();
	const found = { module: "m", via: "alias index", pattern: "x:1" } as const;
	unmatched.note(device("/a"), [{ ...decision("x:1"), matches: [{ found, verdict: "blacklisted" }] }]);
	unmatched.note(device("/b"), [{ ...decision("x:1"), ignored: { file: "p", line: 1 } }]);
	t.deepEqual(unmatched.takeAll(), []);
});

test("a device that has left is not remembered", (t) => {
	const unmatched = makeUnmatchedDevices();
	unmatched.note(device("/a"), [decision("x:1")]);
	unmatched.forget("/a");
	t.deepEqual(unmatched.takeAll(), []);
});

test("of too many, those noted first are forgotten", (t) => {
	const unmatched = makeUnmatchedDevices(2);
	for (const name of ["/a", "/b", "/a", "/c"]) unmatched.note(device(name), [decision("x:1")]);
	t.deepEqual(
		unmatched.takeAll().map(({ devpath }) => devpath),
		["/a", "/c"],
	);
});
