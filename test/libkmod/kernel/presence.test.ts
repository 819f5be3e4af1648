import test from "ava";
import { type Files, Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { ifReadable, isThere, leadsNowhere, markOf } from "../../../src/libkmod/kernel/presence.js";

/** Files where every path has that stamp, does not exist (undefined), or cannot be looked at (the stamp throws). */
const filesWith = (stamp: () => string | undefined): Files => ({
	read: () => undefined,
	list: () => undefined,
	stamp,
	leadsNowhere: () => stamp() === undefined,
});

const circle = filesWith(() => {
	throw new Refusal({ operation: "stat", subject: "/x", code: "ELOOP" });
});
const broken = filesWith(() => {
	throw new TypeError("a mistake of the program's");
});

test("a file is there, or not, whatever keeps its path from being followed", (t) => {
	t.true(
		isThere(
			filesWith(() => "1"),
			"/x",
		),
	);
	t.false(
		isThere(
			filesWith(() => undefined),
			"/x",
		),
	);
	t.false(isThere(circle, "/x"));
});

test("a mark differs between what is there, what is absent and what cannot be reached", (t) => {
	const marks = [filesWith(() => "1"), filesWith(() => "2"), filesWith(() => undefined), circle];
	t.deepEqual(
		marks.map((files) => markOf(files, "/x")),
		["1", "2", "absent", "ELOOP"],
	);
});

test("what cannot be asked for leads nowhere that is known, nor does it where nobody can tell", (t) => {
	t.true(
		leadsNowhere(
			filesWith(() => undefined),
			"/x",
		),
	);
	t.false(leadsNowhere(circle, "/x"));
	const { leadsNowhere: _, ...untold } = filesWith(() => undefined);
	t.false(leadsNowhere(untold, "/x"));
});

test("only what a kernel refuses is an answer", (t) => {
	t.is(
		ifReadable(() => circle.stamp("/x")),
		undefined,
	);
	for (const ask of [isThere, markOf, leadsNowhere]) t.throws(() => ask(broken, "/x"), { instanceOf: TypeError });
	t.throws(() => ifReadable(() => broken.stamp("/x")), { instanceOf: TypeError });
});
