import test from "ava";
import { once } from "../../../src/libkmod/kernel/once.js";

test("a value is read when it is first asked for, and not again, undefined included", (t) => {
	let reads = 0;
	const ask = once(() => {
		reads++;
		return undefined;
	});
	t.is(reads, 0);
	t.is(ask(), undefined);
	t.is(ask(), undefined);
	t.is(reads, 1);
});

test("a read that throws is tried again", (t) => {
	let reads = 0;
	const ask = once(() => {
		if (++reads === 1) throw new Error("not yet");
		return reads;
	});
	t.throws(ask, { message: "not yet" });
	t.is(ask(), 2);
});
