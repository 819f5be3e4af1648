// Names of the two sides of a comparison, which have to differ.
import test from "ava";
import { nameSides, ownKernel } from "../../../src/agent/comparing/side-names.js";

const side = (name: string, place: string) => ({ name, place });

test("sides of two names are called by them", (t) => {
	t.deepEqual(nameSides({ a: side("6.1", "/a"), b: side("6.12", "/b") }), { a: "6.1", b: "6.12" });
});

test("sides of one name are called by their places", (t) => {
	t.deepEqual(nameSides({ a: side("6.1", "/a"), b: side("6.1", "/b") }), { a: "/a", b: "/b" });
	t.deepEqual(nameSides({ a: side("6.1", ownKernel("6.1")), b: side("6.1", "/b") }), {
		a: "the machine's own 6.1",
		b: "/b",
	});
});

test("sides of one place are A and B", (t) => {
	t.deepEqual(nameSides({ a: side("x", "x"), b: side("x", "x") }), { a: "x (A)", b: "x (B)" });
});
