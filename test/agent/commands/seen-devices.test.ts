import test from "ava";
import { makeSeenDevices, type SeenDevices } from "../../../src/agent/commands/seen-devices.js";

function look(seen: SeenDevices, ...devices: readonly string[]): readonly string[] {
	seen.beginLook();
	const fresh = devices.filter((device) => seen.find(device));
	seen.endLook();
	return fresh;
}

test("a second look finds nothing new but what has come up", (t) => {
	const seen = makeSeenDevices();
	t.deepEqual(look(seen, "a", "b"), ["a", "b"]);
	t.deepEqual(look(seen, "a", "b", "c"), ["c"]);
});

test("what was announced is not found anew, and what was found is not announced anew, once", (t) => {
	const seen = makeSeenDevices();
	t.true(seen.announce("a"));
	t.deepEqual(look(seen, "a", "b"), ["b"]);
	t.false(seen.announce("b"));
	t.true(seen.announce("b"), "it must have left meanwhile");
});

test("what has left is new when it comes again", (t) => {
	const seen = makeSeenDevices();
	look(seen, "a", "b");
	t.true(seen.forget("a"));
	t.false(seen.forget("a"));
	t.true(seen.announce("a"));
	t.true(seen.forget("b"));
	t.deepEqual(look(seen, "a", "b"), ["b"]);
});

test("what a look did not find has left unheard, but not what came up meanwhile", (t) => {
	const seen = makeSeenDevices();
	look(seen, "a", "b");
	seen.beginLook();
	seen.find("b");
	seen.announce("c");
	seen.endLook();
	t.deepEqual(look(seen, "a", "b", "c"), ["a"]);
});

test("a look that did not end forgets nothing", (t) => {
	const seen = makeSeenDevices();
	look(seen, "a", "b");
	seen.beginLook();
	seen.find("a");
	t.deepEqual(look(seen, "a", "b"), []);
});

test("a storm of devices does not fill the memory: those noted first are forgotten", (t) => {
	const seen = makeSeenDevices(3);
	for (const device of ["a", "b", "c", "d", "e", "f"]) seen.announce(device);
	for (const device of ["a", "b", "c"]) t.false(seen.forget(device));
	for (const device of ["d", "e", "f"]) t.true(seen.forget(device));
});
