import { readFileSync } from "node:fs";
import test from "ava";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { refusalFor } from "../../../src/linux/files/refusal.js";

function thrownBy(act: () => unknown): unknown {
	try {
		act();
	} catch (thrown) {
		return thrown;
	}
	throw new Error("nothing was thrown");
}

test("what the kernel answered is a refusal with its errno, and the cause within", (t) => {
	const thrown = thrownBy(() => readFileSync("/"));
	const refusal = refusalFor("read", "/", thrown);
	t.like(refusal, { name: "Refusal", operation: "read", subject: "/", code: "EISDIR", errno: 21 });
	t.is(refusal.cause, thrown);
});

test("a package's errno may as well be positive", (t) => {
	t.is(refusalFor("listen to", "uevents", Object.assign(new Error(), { code: "EPERM", errno: 1 })).errno, 1);
});

test("what node refused before the kernel was asked is EINVAL", (t) => {
	const thrown = thrownBy(() => readFileSync("/tmp/\0"));
	t.like(refusalFor("read", "x", thrown), { code: "EINVAL", errno: 22, cause: thrown });
});

test("a refusal stays the one it is", (t) => {
	const refusal = new Refusal({ operation: "open", subject: "x", code: "ENOENT" });
	t.is(refusalFor("read", "y", refusal), refusal);
});

test("a fault of ours is no refusal, and is thrown on", (t) => {
	const coded = (code: string) => Object.assign(new Error(), { code });
	const faults = [new TypeError("x is not a function"), new Error(), "text", coded("MODULE_NOT_FOUND")];
	for (const fault of [...faults, coded("ERR_MODULE_NOT_FOUND"), coded("ERR_INVALID_ARG_TYPE")])
		t.is(
			thrownBy(() => refusalFor("read", "x", fault)),
			fault,
		);
});
