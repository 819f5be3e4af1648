import test from "ava";
import { parseProperties } from "../../../src/libkmod/formats/properties.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";

const message = "add@/devices/x\0ACTION=add\0NAME=a=b\0EMPTY=\0NAME=last\0SEQNUM=7\0";
const file = "\nDRIVER=hid\nHID_NAME=A thing\nMODALIAS=hid:b0003\n";

test("a value is found by its whole key, may hold equal signs and may be empty", (t) => {
	const properties = parseProperties(message, "\0");
	t.is(properties.get("ACTION"), "add");
	t.is(properties.get("EMPTY"), "");
	t.is(properties.get("SEQNUM"), "7");
	t.is(parseProperties("\0NAME=a=b", "\0").get("NAME"), "a=b");
	for (const key of ["AME", "NAM", "name", "", "add@/devices/x", "ACTION=add"])
		t.is(properties.get(key), undefined, key);
});

test("of several values the last counts", (t) => {
	t.is(parseProperties(message, "\0").get("NAME"), "last");
});

test("all are listed in order, each key once", (t) => {
	t.deepEqual(
		[...parseProperties(message, "\0")],
		[
			["ACTION", "add"],
			["NAME", "last"],
			["EMPTY", ""],
			["SEQNUM", "7"],
		],
	);
});

test("lines are read like strings that end with NUL", (t) => {
	const properties = parseProperties(file, "\n");
	t.is(properties.get("HID_NAME"), "A thing");
	t.deepEqual(
		[...properties].map(([key]) => key),
		["DRIVER", "HID_NAME", "MODALIAS"],
	);
});

test("whatever the text, what is listed is what is found", (t) => {
	const random = seededRandom(t);
	const pieces = ["A", "B", "=", "\0", "\n", "x", "AB", "\xff"];
	let listed = 0;
	for (let round = 0; round < 5000; round++) {
		const properties = parseProperties(`\0${random.text(pieces, 0, 20)}`, "\0");
		for (const [key, value] of properties) {
			t.is(properties.get(key), value);
			listed++;
		}
	}
	t.true(listed > 1000);
});
