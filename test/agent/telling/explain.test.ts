// Texts for people: explanations of causes, decisions and outcomes.

import test from "ava";
import { explainAction, explainCause, explainDecision, explainOutcome } from "../../../src/agent/telling/explain.js";
import type { Outcome } from "../../../src/libkmod/insertion/outcome.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import type { Cause, Step } from "../../../src/libkmod/planning/plan-insertion.js";

const source = { file: "/etc/modprobe.d/a.conf", line: 3 };
const found = { module: "a", via: "alias index", pattern: "x:*" } as const;

const causes = test.macro({
	exec: (t, cause: Cause, sentence: string) => t.is(explainCause(cause), sentence),
	title: (_, cause: Cause) => `a step that is there for its ${cause.kind} says so`,
});

test(causes, { kind: "name" }, "asked for by name");
test(causes, { kind: "dependency", of: "b" }, "dependency of b");
test(causes, { kind: "softdep", of: "b", when: "post", source }, "softdep post of b (/etc/modprobe.d/a.conf line 3)");
test(
	causes,
	{ kind: "alias", alias: "x:1", device: "/devices/1", found: { ...found, via: "alias line", source } },
	"/devices/1: x:1 matches x:* (alias line, /etc/modprobe.d/a.conf line 3)",
);

const step: Step = {
	module: "a",
	how: "insert",
	path: "/a.ko",
	parameters: "x=1",
	required: true,
	after: [],
	cause: { kind: "name" },
};
const runs: Step = { ...step, how: "run", command: "do it", source };
const missing: Step = { ...step, how: "missing" };

test("what is done for a step is told as modprobe -D tells it", (t) => {
	t.is(explainAction(step), "insmod /a.ko x=1");
	t.is(explainAction({ ...step, parameters: "" }), "insmod /a.ko");
	t.is(explainAction(runs), "run do it x=1");
	t.is(explainAction({ ...step, how: "builtin" }), "builtin");
	t.is(explainAction(missing), "missing: modules.dep has no file for a; run depmod");
	t.is(explainAction({ ...missing, problem: "it is damaged" }), "missing: it is damaged");
});

const ends = test.macro({
	exec(t, outcome: Partial<Outcome> & Pick<Outcome, "result">, sentence: string) {
		t.is(explainOutcome({ step, milliseconds: 0, ...outcome }), sentence);
	},
	title: (title, outcome: Pick<Outcome, "result">) =>
		`an outcome is told: ${outcome.result}${title ? ` (${title})` : ""}`,
});

test(ends, { result: "inserted" }, "inserted");
test(ends, { result: "live" }, "live already");
test(ends, { result: "builtin" }, "built into the kernel");
test(ends, { result: "ran", step: runs }, "its install command succeeded: do it");
test(ends, { result: "masked", step: runs }, "masked by its install command (/etc/modprobe.d/a.conf line 3)");
test(ends, { result: "no device" }, "its driver found no hardware of its own (ENODEV)");
test(ends, { result: "missing", step: missing }, "modules.dep has no file for a; run depmod");
test(ends, { result: "stopped" }, "not begun: hotplugd was told to stop");
test(
	"a command",
	ends,
	{ result: "failed", exitStatus: 3, step: runs },
	"its install command ended with status 3: do it",
);
const refusal = new Refusal({ operation: "insert", subject: "/a.ko", code: "EKEYREJECTED", errno: 129 });
test(
	"a refusal without evidence",
	ends,
	{ result: "failed", reason: refusal },
	"it is not signed, or its signature is by a key that the kernel does not trust, or it was changed since it was signed (EKEYREJECTED)",
);
test(
	"a refusal with evidence",
	ends,
	{ result: "failed", reason: refusal, evidence: { kind: "unsigned", isEnforced: true } },
	"it is not signed, and the kernel takes only modules signed by a key that it trusts (sig_enforce is set) (EKEYREJECTED)",
);
test("an error", ends, { result: "failed", reason: new Error("it broke") }, "it broke");
test(
	ends,
	{ result: "blocked", because: { step: missing, result: "missing", milliseconds: 0 } },
	"a is needed first: modules.dep has no file for a; run depmod",
);

test("a decision names every module and what keeps it out", (t) => {
	const decision = { device: "/devices/1", alias: "x:1", matches: [] };
	t.is(explainDecision(decision), "/devices/1: x:1 matches no module");
	t.is(
		explainDecision({ ...decision, problem: new Error("it is damaged") }),
		"/devices/1: x:1 could not be looked up: it is damaged",
	);
	const matches = [
		{ found, verdict: "wanted" },
		{ found: { ...found, module: "b" }, verdict: "builtin" },
		{ found: { ...found, module: "c" }, verdict: "blacklisted", source },
	] as const;
	t.is(
		explainDecision({ ...decision, matches }),
		"/devices/1: x:1 asks for a, b (built into the kernel), c (blacklisted by /etc/modprobe.d/a.conf line 3)",
	);
});
