// The reports of the agent while it works: data, turned into text or JSON only at the edge.

import type { Outcome } from "../../libkmod/insertion/outcome.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import type { Step } from "../../libkmod/planning/plan-insertion.js";
import type { Batch } from "../decisions/batch.js";
import type { Uevent } from "../devices/uevent.js";
import { type Skipped, skippedRecord } from "../faults/skipped.js";
import type { ColdplugRecord, OutcomeRecord } from "./coldplug-record.js";
import { explainOutcome } from "./explain.js";
import { listRecords } from "./records.js";

export type Report =
	/** The socket is bound. `receiveBuffer` is in bytes, as the kernel counts them. */
	| { readonly kind: "listening"; readonly receiveBuffer: number }
	/** All uevents of one drain, most of which may ask for nothing, and the highest SEQNUM heard since the socket was bound. */
	| { readonly kind: "heard"; readonly uevents: readonly Uevent[]; readonly seqnum?: number | undefined }
	| { readonly kind: "batch"; readonly batch: Batch }
	/** `late`: milliseconds since the outcome, when the report had to wait for evidence, 1 or more. */
	| { readonly kind: "outcome"; readonly batch: number; readonly outcome: Outcome; readonly late?: number }
	/** The insertion or command of a module takes so long that its permit was given to another. It is left to end. */
	| { readonly kind: "hung"; readonly step: Step; readonly milliseconds: number }
	/** A module does not begin because a dependency, or a rival that goes first, waits for the module `behind`, which hangs. */
	| { readonly kind: "stuck"; readonly step: Step; readonly behind: string }
	/** Uevents were lost, with the number so far. The walk begins again. */
	| { readonly kind: "lost"; readonly drops: number }
	/** Datagrams from a wrong sender, with the number so far. */
	| { readonly kind: "refused"; readonly count: number }
	/** The socket failed and is opened anew. */
	| { readonly kind: "deaf"; readonly error: Error }
	/** A look at all devices failed, after an earlier one that did not. The next one follows. */
	| { readonly kind: "blind"; readonly error: Error }
	| { readonly kind: "walked"; readonly devices: number }
	/** A part was skipped, since it could not be read or threw: a device, a rule, a decision, a reader of reports. */
	| ({ readonly kind: "skipped" } & Skipped)
	/** Nothing is in flight, and no device came up for a while. */
	| { readonly kind: "settled" };

/**
 * Returns a report as records for JSON lines. A batch is one record for each module of its plan, and one for each alias of a
 * device.
 */
export function reportRecord(report: Report): readonly ColdplugRecord[] {
	switch (report.kind) {
		case "batch":
			return listRecords(report.batch);
		case "outcome":
			return [outcomeRecord(report.batch, report.outcome)];
		case "heard":
			return [];
		case "hung":
			return [{ kind: "hung", module: report.step.module, milliseconds: report.milliseconds }];
		case "stuck":
			return [{ kind: "stuck", module: report.step.module, behind: report.behind }];
		case "deaf":
		case "blind":
			return [{ kind: report.kind, reason: report.error.message }];
		case "skipped":
			return [skippedRecord(report)];
		default:
			return [report];
	}
}

function outcomeRecord(batch: number, outcome: Outcome): OutcomeRecord {
	const { step, result, milliseconds, reason, exitStatus, evidence } = outcome;
	return {
		kind: "outcome",
		batch,
		module: step.module,
		result,
		milliseconds: Math.round(milliseconds),
		required: step.required,
		...(reason instanceof Refusal && { errno: reason.code }),
		...(exitStatus !== undefined && { exitStatus }),
		...(evidence !== undefined && { evidence }),
		explanation: explainOutcome(outcome),
	};
}
