import test from "ava";
import { makeDecider } from "../../../src/agent/decisions/decider.js";
import { openJournal } from "../../../src/agent/telling/journal.js";
import type { Report } from "../../../src/agent/telling/report.js";
import type { Outcome } from "../../../src/libkmod/insertion/outcome.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import type { Step } from "../../../src/libkmod/planning/plan-insertion.js";
import { configFile, makeWorld } from "../../support/worlds/world.js";

const step: Step = {
	module: "card",
	how: "insert",
	path: "/card.ko",
	parameters: "",
	required: true,
	after: [],
	cause: {
		kind: "alias",
		alias: "x:1",
		device: "/devices/1",
		found: { module: "card", via: "alias index", pattern: "x:*" },
	},
};

function record(report: Report, level = "info"): readonly Readonly<Record<string, unknown>>[] {
	const lines: string[] = [];
	openJournal(level, (line) => lines.push(line)).record(report);
	return lines.map((line) => JSON.parse(line));
}

const outcome = (more: Partial<Outcome>): Report => ({
	kind: "outcome",
	batch: 3,
	outcome: { step, result: "inserted", milliseconds: 1.6, ...more },
});

const isLogged = test.macro({
	exec(t, report: Report, level: number, fields: object) {
		const [line, ...others] = record(report);
		t.deepEqual(others, []);
		t.like(line, { level, ...fields });
		t.is(line?.pid, process.pid);
		t.regex(String(line?.time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
	},
	title: (title) => `${title} is one line`,
});

const [INFO, WARN, ERROR] = [30, 40, 50];

test("a module that was inserted", isLogged, outcome({}), INFO, {
	batch: 3,
	module: "card",
	result: "inserted",
	milliseconds: 2,
	device: "/devices/1",
	alias: "x:1",
	msg: "card: inserted",
});
test("a driver without hardware", isLogged, outcome({ result: "no device" }), INFO, { result: "no device" });
test(
	"a failure",
	isLogged,
	outcome({ result: "failed", reason: new Refusal({ operation: "insert", subject: "/card.ko", code: "ENOEXEC" }) }),
	ERROR,
	{ result: "failed", errno: "ENOEXEC" },
);
test("an install command that failed", isLogged, outcome({ result: "failed", exitStatus: 7 }), ERROR, {
	exitStatus: 7,
});
test(
	"a failure of what only a softdep wanted",
	isLogged,
	outcome({ result: "failed", step: { ...step, required: false } }),
	INFO,
	{ result: "failed" },
);
test("a socket that listens", isLogged, { kind: "listening", receiveBuffer: 4096 }, INFO, { receiveBuffer: 4096 });
test("a loss", isLogged, { kind: "lost", drops: 3 }, WARN, { drops: 3 });
test("a refusal", isLogged, { kind: "refused", count: 3 }, WARN, { refused: 3 });
test("a socket that failed", isLogged, { kind: "deaf", error: new Error("it broke") }, ERROR, { reason: "it broke" });
test("a look that failed", isLogged, { kind: "blind", error: new Error("no more") }, ERROR, { reason: "no more" });
test("a look", isLogged, { kind: "walked", devices: 7 }, INFO, { devices: 7 });
test("quiet", isLogged, { kind: "settled" }, INFO, { msg: "settled" });

test("what the devices of a batch ask for is logged at level debug, what keeps them from being asked always", (t) => {
	const knowledge = makeWorld({ modules: { card: [] }, aliases: { "x:*": "card" }, config: "blacklist card" });
	const [decision] = makeDecider(knowledge)({ devpath: "/devices/1", aliases: ["x:1"] });
	const damaged = { device: "/devices/2", alias: "x:2", matches: [], problem: new Error("it is damaged") };
	const report: Report = {
		kind: "batch",
		batch: { number: 3, decisions: [decision!, damaged], plan: [], wantedBy: new Map(), spared: [] },
	};
	t.like(record(report), [{ level: ERROR, batch: 3, device: "/devices/2", alias: "x:2" }]);
	t.like(record(report, "debug"), [
		{ level: 20, msg: `/devices/1: x:1 asks for card (blacklisted by ${configFile} line 1)` },
		{ level: ERROR },
	]);
});

test("below its level nothing is written", (t) => {
	t.deepEqual(record(outcome({}), "warn"), []);
	t.deepEqual(record({ kind: "lost", drops: 1 }, "silent"), []);
});
