import test from "ava";
import { makeBackOff, noBackOff } from "../../../src/agent/decisions/back-off.js";

test("what failed is left alone, twice as long after each failure, but never for more than a minute", (t) => {
	let now = 0;
	const backOff = makeBackOff(() => now);
	t.is(backOff.wait("a"), 0);
	const waits: number[] = [];
	for (let failure = 0; failure < 12; failure++) {
		backOff.failed("a");
		waits.push(backOff.wait("a"));
		now += backOff.wait("a");
		t.is(backOff.wait("a"), 0);
	}
	t.deepEqual(waits, [250, 500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000]);
	t.is(backOff.wait("b"), 0);
});

test("what came to life begins anew", (t) => {
	const backOff = makeBackOff(() => 0);
	backOff.failed("a");
	backOff.failed("a");
	backOff.succeeded("a");
	t.is(backOff.wait("a"), 0);
	backOff.failed("a");
	t.is(backOff.wait("a"), 250);
});

test("who tries everything once leaves nothing alone", (t) => {
	noBackOff.failed("a");
	t.is(noBackOff.wait("a"), 0);
});

test("names without end do not fill the memory: of so many, those that failed first are forgotten and the last are not", (t) => {
	const backOff = makeBackOff(() => 0);
	for (let module = 0; module < 98_304; module++) backOff.failed(`m${module}`);
	const waits = Array.from({ length: 98_304 }, (_, module) => backOff.wait(`m${module}`));
	t.false(waits.slice(0, 32_768).includes(250));
	t.false(waits.slice(-32_768).includes(0));
});
