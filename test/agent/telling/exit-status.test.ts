import test from "ava";
import { exitStatus, explainFailures, isFailure, judgeOutcomes } from "../../../src/agent/telling/exit-status.js";
import type { Evidence } from "../../../src/libkmod/evidence/evidence.js";
import { type Outcome, type Result, rootOf } from "../../../src/libkmod/insertion/outcome.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import type { Step } from "../../../src/libkmod/planning/plan-insertion.js";

const step: Step = {
	module: "a",
	how: "insert",
	path: "/a.ko",
	parameters: "",
	required: true,
	after: [],
	cause: { kind: "name" },
};

const ended = (result: Result, more: Partial<Outcome> = {}): Outcome => ({ step, result, milliseconds: 0, ...more });

const failed = (code: string, evidence?: Evidence): Outcome =>
	ended("failed", {
		reason: new Refusal({ operation: "insert", subject: "/a.ko", code, errno: 5 }),
		...(evidence && { evidence }),
	});

const blocked = (because: Outcome): Outcome => ended("blocked", { because });

type Status = keyof typeof exitStatus;

const judged = test.macro({
	exec(t, outcomes: readonly Outcome[], status: Status) {
		t.is(judgeOutcomes(outcomes), exitStatus[status]);
	},
	title: (title, _: readonly Outcome[], status: Status) => `${title} is "${status}", ${exitStatus[status]}`,
});

const soft = { ...step, required: false };

test("nothing to do", judged, [], "done");
for (const result of ["inserted", "live", "builtin", "ran", "masked", "no device"] as const)
	test(`a module that ended as "${result}"`, judged, [ended(result)], "done");
test("a failure", judged, [ended("inserted"), failed("EIO")], "driverFailed");
test("an install command that failed", judged, [ended("failed", { exitStatus: 1 })], "driverFailed");
test("a module without a file", judged, [ended("missing")], "driverFailed");
test("a failure of what only softdeps asked for", judged, [ended("failed", { step: soft })], "done");
test("a module blocked by a failure", judged, [blocked(blocked(failed("EIO")))], "driverFailed");
test("a module blocked by one that found no hardware", judged, [blocked(ended("no device"))], "done");
test("a module blocked by a mask", judged, [blocked(ended("masked"))], "done");

const everything: readonly Evidence[] = [{ kind: "modules disabled" }, { kind: "no capability" }];
const oneModule: readonly (Evidence | undefined)[] = [
	undefined,
	{ kind: "module_blacklist" },
	{ kind: "lockdown", mode: "integrity", isSigned: false },
	{ kind: "unsigned", isEnforced: true },
];
/** Outcomes of the other modules of the same machine. */
const beside: Readonly<Record<string, readonly Outcome[]>> = {
	nothing: [],
	"a module that was inserted": [ended("inserted")],
	"a module that was live before": [ended("live")],
	"another failure": [failed("EIO")],
	"a module that was inserted, and another failure": [ended("inserted"), failed("EIO")],
};
for (const [others, outcomes] of Object.entries(beside)) {
	for (const evidence of everything) {
		const refused = failed("EPERM", evidence);
		test(`${evidence.kind}, beside ${others}`, judged, [...outcomes, refused], "notPermitted");
		test(
			`${evidence.kind} for a dependency, beside ${others}`,
			judged,
			[...outcomes, blocked(refused)],
			"notPermitted",
		);
	}
	for (const evidence of oneModule) {
		const refused = failed("EPERM", evidence);
		const why = evidence?.kind ?? "a refusal without evidence";
		test(`${why}, beside ${others}`, judged, [...outcomes, refused], "driverFailed");
		test(`${why} for all, beside ${others}`, judged, [...outcomes, refused, blocked(refused)], "driverFailed");
	}
}

test("refusals that concern every module are told in one line, and other failures beside it", (t) => {
	const refused = failed("EPERM", { kind: "no capability" });
	const together = "could not load any of 2 modules: CAP_SYS_MODULE is missing: only root inserts modules (EPERM)";
	t.deepEqual(explainFailures([refused, blocked(refused)]), [together]);
	t.deepEqual(explainFailures([refused, failed("ENOMEM"), blocked(refused)]), [
		together,
		"could not load a (asked for by name): there is no memory for it (ENOMEM)",
	]);
	t.deepEqual(explainFailures([refused]), [
		"could not load a (asked for by name): CAP_SYS_MODULE is missing: only root inserts modules (EPERM)",
	]);
});

test("a kernel without modules", judged, [failed("ENOSYS"), failed("ENOSYS")], "noModules");
test("a signal in the middle", judged, [ended("inserted"), failed("EIO"), ended("stopped")], "stopped");
test(
	"a damaged index",
	judged,
	[ended("inserted"), failed("EIO"), ended("missing", { step: { ...step, how: "missing", problem: "damaged" } })],
	"unable",
);

test("every status is another one", (t) => {
	t.is(new Set(Object.values(exitStatus)).size, Object.keys(exitStatus).length);
});

test("the root of an outcome is what lies at the bottom of it", (t) => {
	const root = failed("EIO");
	t.is(rootOf(root), root);
	t.is(rootOf(blocked(blocked(root))), root);
});

test("a failure is what an operator has to look at", (t) => {
	t.true(isFailure(failed("EIO")));
	t.true(isFailure(blocked(failed("EIO"))));
	t.false(isFailure(ended("failed", { step: soft })));
	t.false(isFailure(ended("no device")));
	t.false(isFailure(ended("stopped")));
});
