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

test("a storm of devices does not fill the memory: of so many, those noted first are forgotten and those noted last are not", (t) => {
	const attempts = makeAttempts();
	for (let device = 0; device < 24_576; device++) attempts.record("a", `/devices/${device}`);
	const known = Array.from({ length: 24_576 }, (_, device) => attempts.has("a", `/devices/${device}`));
	t.false(known.slice(0, 8192).includes(true));
	t.false(known.slice(-8192).includes(false));
});
