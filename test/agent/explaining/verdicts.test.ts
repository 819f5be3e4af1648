import test from "ava";
import type { Judgement } from "../../../src/agent/explaining/explanation.js";
import { worstStatus } from "../../../src/agent/explaining/verdicts.js";

const builtin: Judgement = { kind: "builtin", module: "a" };
const wanted: Judgement = { kind: "wanted", module: "a" };
const unbound: Judgement = { kind: "unbound", device: { devpath: "/devices/a" }, cause: { kind: "unknown" } };
const kept: Judgement = { kind: "kept out", module: "a", obstacle: { kind: "missing file", path: "/a" } };
const idle: Judgement = { kind: "not asked for", module: "a" };
const failure: Judgement = { kind: "failure", why: "", nearest: [] };

test("the status is that of the worst subject, an unknown one being the worst", (t) => {
	const all = [builtin, wanted, unbound, kept, idle, failure];
	const statuses = all.map((_, place) => worstStatus(all.slice(0, place + 1)));
	t.deepEqual(statuses, [0, 3, 4, 5, 6, 1]);
	t.is(worstStatus(all.toReversed()), 1);
	t.is(worstStatus([]), 0);
});
