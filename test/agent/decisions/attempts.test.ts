import test from "ava";
import { makeAttempts } from "../../../src/agent/decisions/attempts.js";

test("an attempt is remembered for its module and its device", (t) => {
	const attempts = makeAttempts();
	attempts.record("a", "/devices/1");
	attempts.record("b", "/devices/1");
	t.true(attempts.has("a", "/devices/1"));
	t.true(attempts.has("b", "/devices/1"));
	t.false(attempts.has("a", "/devices/2"));
	t.false(attempts.has("c", "/devices/1"));
});

test("one attempt is forgotten alone, a device with all its attempts, and everything at once", (t) => {
	const attempts = makeAttempts();
	for (const device of ["/devices/1", "/devices/2"]) for (const module of ["a", "b"]) attempts.record(module, device);
	attempts.forget("a", "/devices/1");
	t.false(attempts.has("a", "/devices/1"));
	t.true(attempts.has("b", "/devices/1"));
	attempts.forgetDevice("/devices/1");
	t.false(attempts.has("b", "/devices/1"));
	t.true(attempts.has("a", "/devices/2"));
	attempts.forgetAll();
	t.false(attempts.has("a", "/devices/2"));
});

test("what was never recorded may be forgotten", (t) => {
	const attempts = makeAttempts();
	attempts.forget("a", "/devices/1");
	attempts.forgetDevice("/devices/1");
	t.false(attempts.has("a", "/devices/1"));
});
