import test from "ava";
import { findNearestNames } from "../../../src/agent/explaining/nearest-names.js";

const names = ["e1000", "e1000e", "igb", "igbvf", "snd_hda_intel", "usbcore"];

test("a misspelled name gets the names at the least distance, the nearest first", (t) => {
	t.deepEqual(findNearestNames("e100", names), ["e1000", "e1000e"]);
	t.deepEqual(findNearestNames("usbcoer", names), ["usbcore"]);
	t.deepEqual(findNearestNames("snd_hda_itnel", names), ["snd_hda_intel"]);
});

test("a beginning gets the names that go on", (t) => {
	t.deepEqual(findNearestNames("snd", names), ["snd_hda_intel"]);
	t.deepEqual(findNearestNames("igb", ["igbvf", "igb"]), ["igb", "igbvf"]);
});

test("a word that is near to nothing gets nothing, however long it is", (t) => {
	t.deepEqual(findNearestNames("zzzzzz", names), []);
	t.deepEqual(findNearestNames("", names), []);
	t.deepEqual(findNearestNames("e".repeat(1_000_000), names), []);
});
