// Our table of errnos compared with the table of the operating system.
import { constants } from "node:os";
import test from "ava";
import { errnos } from "../../../src/libkmod/kernel/errnos.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";

test("the numbers are the system's", (t) => {
	t.true(Object.keys(errnos).length > 10);
	t.like(constants.errno, errnos);
});

test("a refusal has the number that it is given, or else that of its code, and what was caught", (t) => {
	const cause = new Error("caught");
	const refusal = new Refusal({ operation: "open", subject: "/x", code: "EINVAL", reason: "it is a pipe", cause });
	t.like(refusal, { operation: "open", subject: "/x", code: "EINVAL", errno: 22, reason: "it is a pipe", cause });
	t.is(refusal.message, "open /x: it is a pipe");
	t.is(new Refusal({ operation: "open", subject: "/x", code: "EIO", errno: 7 }).errno, 7);
	t.false("cause" in new Refusal({ operation: "open", subject: "/x", code: "EIO" }));
});
