import test from "ava";
import { KnownDecisions } from "../../../src/agent/fleet/known-decisions.js";

test("an answer belongs to the one who has decided", (t) => {
	const known = new KnownDecisions<number>(8);
	const [one, other] = [{}, {}];
	known.set(one, "pci:a", 1);
	known.set(other, "pci:a", 2);
	t.is(known.get(one, "pci:a"), 1);
	t.is(known.get(other, "pci:a"), 2);
	t.is(known.get(one, "pci:b"), undefined);
});

test("the last answers are kept, those that are asked for again too, and never twice as many", (t) => {
	const known = new KnownDecisions<number>(10);
	const owners = [{}, {}, {}];
	const asked = owners[0]!;
	known.set(asked, "often", -1);
	for (let at = 0; at < 100; at++) {
		known.set(owners[at % 3]!, `alias ${at}`, at);
		t.is(known.get(asked, "often"), -1);
	}
	// The newest first, since a look keeps what it finds.
	const numbers = Array.from({ length: 100 }, (_, at) => 99 - at);
	const kept = numbers.filter((at) => known.get(owners[at % 3]!, `alias ${at}`) === at);
	t.deepEqual(kept.slice(0, 9), numbers.slice(0, 9));
	t.true(kept.length < 20, `${kept.length}`);
});
