import test from "ava";
import { BehaviorSubject } from "rxjs";
import { STOPPING } from "../../../src/agent/control/not-done.js";
import { noPolicy } from "../../../src/agent/policy/policy.js";
import { type Known, makeReload } from "../../../src/agent/service/reload.js";
import { knowNothing } from "../../../src/libkmod/knowledge/knowledge.js";
import { makeWorld, moduleDirectory } from "../../support/worlds/world.js";

const full: Known = { knowledge: makeWorld({ modules: {} }), policy: noPolicy };
const none = (why = "no indexes"): Known => ({
	knowledge: knowNothing(moduleDirectory, { why, kind: "unusable" }),
	policy: noPolicy,
});

function setUp(atStart: Known, read: () => Promise<Known> | Known) {
	const told: string[] = [];
	const state = { stopped: false, reads: 0 };
	const known = new BehaviorSubject(atStart);
	const reload = makeReload({
		known,
		async readAll() {
			state.reads++;
			return read();
		},
		inFlightEnded: async () => undefined,
		isStopped: () => state.stopped,
		book: {
			enter: (phase) => void told.push(phase),
			missing: () => undefined,
			renewed: () => void told.push("renewed"),
			problem: (message) => void told.push(`problem: ${message}`),
		},
		journal: { info: () => undefined, error: (_: object, message: string) => void told.push(`error: ${message}`) },
		onReloading: (begins) => void told.push(begins ? "begins" : "ends"),
		onRenewed: (again) =>
			void told.push(again ? "renewed, and nothing was known before" : "renewed, and more was known"),
	});
	return { reload, known, state, told };
}

const fail = (message: string) => (): never => {
	throw new Error(message);
};

test("requests that arrive during a reload get its answer, and a later one reads again", async (t) => {
	const { reload, state } = setUp(full, () => full);
	const answers = [reload.reload(), reload.reload()];
	t.true(reload.isUnderWay());
	t.deepEqual(await Promise.all(answers), [{ problems: 0 }, { problems: 0 }]);
	t.is(state.reads, 1);
	t.false(reload.isUnderWay());
	await reload.reload();
	t.is(state.reads, 2);
});

test("a reload that fails leaves what was known in use, and is told once for the same reason", async (t) => {
	const { reload, known, told } = setUp(full, fail("damaged"));
	const message = "could not reload, the earlier indexes and configuration still count: damaged";
	await t.throwsAsync(reload.reload(), { code: "ERR_NOT_DONE", message });
	await t.throwsAsync(reload.reload(), { message });
	t.is(known.value, full);
	t.deepEqual(told, [
		...["begins", "reloading", `problem: ${message}`, `error: ${message}`, "serving", "ends"],
		...["begins", "reloading", "serving", "ends"],
	]);
});

test("indexes that are lacking do not replace those that are there", async (t) => {
	const { reload, known } = setUp(full, () => none());
	await t.throwsAsync(reload.reload(), {
		message: "could not reload, the earlier indexes and configuration still count: no indexes",
	});
	t.is(known.value, full);
	t.is(reload.lacking(), undefined);
});

test("once there are indexes it is told that none were known before, and whoever waits for them goes on", async (t) => {
	let found = none();
	const { reload, told } = setUp(none(), () => found);
	let isKnown = false;
	void reload.everKnown.then(() => (isKnown = true));
	t.is(reload.lacking()?.why, "no indexes");
	await t.throwsAsync(reload.reload(), { message: "there are still no usable indexes: no indexes" });
	t.false(isKnown);
	found = full;
	await reload.reload();
	await reload.reload();
	t.true(isKnown);
	t.is(reload.lacking(), undefined);
	t.deepEqual(
		told.filter((one) => one.startsWith("renewed, ")),
		["renewed, and more was known", "renewed, and nothing was known before", "renewed, and more was known"],
	);
});

test("what is to be read anew when the agent stops is refused, before and during the wait", async (t) => {
	const { reload, state, told } = setUp(full, () => full);
	const begun = reload.reload();
	state.stopped = true;
	await t.throwsAsync(begun, { message: STOPPING });
	await t.throwsAsync(reload.reload(), { message: STOPPING });
	t.is(state.reads, 0);
	t.deepEqual(told, ["begins", "reloading", "ends"]);
});
