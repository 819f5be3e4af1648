// The records of --json: plans and decisions as JSON lines, one object for each module of a plan and one for each alias of a device.

import { levels, type Step } from "../../libkmod/planning/plan-insertion.js";
import type { Batch } from "../decisions/batch.js";
import type { Decision } from "../decisions/decider.js";
import type { BatchRecord, DecisionRecord, RecordedAction, RecordedStep, StepRecord } from "./coldplug-record.js";
import { isMasked } from "./dry-run.js";
import { explainCause } from "./explain.js";

/** Returns one batch as records for JSON lines: a `step` for each module, a `decision` for each alias of a device. */
export function listRecords(batch: Batch): readonly BatchRecord[] {
	const steps = levels(batch.plan).flatMap((peers, level) =>
		peers.flatMap((step) => (isPlanned(step) ? recordStep(batch.number, level, step) : [])),
	);
	return [...steps, ...batch.decisions.map((decision) => recordDecision(batch.number, decision))];
}

type PlannedStep = Exclude<Step, { readonly how: "builtin" }>;

/** For the compiler: planBatch leaves built-in modules out of every plan. */
const isPlanned = (step: Step): step is PlannedStep => step.how !== "builtin";

function recordStep(batch: number, level: number, step: PlannedStep): StepRecord {
	return { kind: "step", batch, level, ...recordAction(step), why: explainCause(step.cause) };
}

/** An install command that keeps the module out is shown as "masked", since it is not run. */
function recordAction(step: PlannedStep): RecordedAction & RecordedStep {
	return step.how === "run" && isMasked(step) ? { ...step, how: "masked" } : step;
}

function recordDecision(batch: number, { problem, ...decision }: Decision): DecisionRecord {
	return { kind: "decision", batch, ...decision, ...(problem && { problem: problem.message }) };
}
