import test from "ava";
import { makeRecent } from "../../../src/agent/faults/recent.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";

test("what was noted last is remembered, at least half of what fits and never more than that", (t) => {
	const most = 10;
	const recent = makeRecent<number>(most);
	for (let i = 0; i < 1000; i++) {
		recent.set(`key${i}`, i);
		const values = recent.entries().map(([, value]) => value);
		t.true(values.length <= most);
		t.true(values.length >= Math.min(i + 1, most / 2));
		t.deepEqual(
			values,
			values.map((_, place) => i - values.length + 1 + place),
		);
	}
});

test("it answers as a Map does of which the first keys are missing", (t) => {
	const random = seededRandom(t);
	const recent = makeRecent<number>(20);
	const all = new Map<string, number>();
	for (let i = 0; i < 5000; i++) {
		const key = `key${random.below(40)}`;
		if (random.below(4) === 0) {
			recent.delete(key);
			all.delete(key);
		} else {
			recent.set(key, i);
			all.delete(key);
			all.set(key, i);
		}
		const entries = recent.entries();
		t.deepEqual(entries, entries.length === 0 ? [] : [...all].slice(-entries.length));
		for (const [known, value] of all) t.true([value, undefined].includes(recent.get(known)));
	}
	recent.clear();
	t.deepEqual(recent.entries(), []);
	t.is(recent.get([...all.keys()][0]!), undefined);
});

test("one alone fits too", (t) => {
	const recent = makeRecent<number>(1);
	recent.set("a", 1);
	recent.set("b", 2);
	t.is(recent.get("b"), 2);
});
