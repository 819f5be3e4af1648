// The records of --json: plans and decisions as JSON lines, one object for each module of a plan and one for each alias of a device.

import { levels, type Step } from "../../libkmod/planning/plan-insertion.js";
import type { Batch } from "../decisions/batch.js";
import { isMasked } from "./dry-run.js";
import { explainCause } from "./explain.js";

/** An install command that keeps the module out is shown as "masked", since it is not run. */
function recordStep(step: Step): object {
	return isMasked(step) ? { ...step, how: "masked" } : step;
}

/** Returns one batch as records for JSON lines: a `step` for each module, a `decision` for each alias of a device. */
export function listRecords(batch: Batch): readonly object[] {
	const steps = levels(batch.plan).flatMap((peers, level) =>
		peers.map((step) => ({
			kind: "step",
			batch: batch.number,
			level,
			...recordStep(step),
			why: explainCause(step.cause),
		})),
	);
	const decisions = batch.decisions.map(({ problem, ...decision }) => ({
		kind: "decision",
		batch: batch.number,
		...decision,
		...(problem && { problem: problem.message }),
	}));
	return [...steps, ...decisions];
}
