// The reports of the pipeline as lines for people, for coldplug --verbose.

import { explainCause, explainDecision, explainOutcome, explainSkipped } from "../../agent/telling/explain.js";
import type { Report } from "../../agent/telling/report.js";

/** Formats a report as lines without newlines. A report that is not shown at this verbosity gives no lines. */
export function formatReport(report: Report, verbose: number): readonly string[] {
	switch (report.kind) {
		case "listening":
			return [`listening with ${report.receiveBuffer} bytes of receive buffer`];
		case "outcome": {
			const { step, milliseconds } = report.outcome;
			const why = verbose > 1 ? ` (${explainCause(step.cause)})` : "";
			return [
				`batch ${report.batch}: ${step.module}: ${explainOutcome(report.outcome)}, ${Math.round(milliseconds)} ms${why}`,
			];
		}
		case "walked":
			return [`looked at ${report.devices} devices that have an alias`];
		case "lost":
			return [`${report.drops} uevents lost: looking at all devices again`];
		case "refused":
			return [`${report.count} messages refused that the kernel did not send`];
		case "deaf":
			return [`the uevent socket failed: ${report.error.message}`];
		case "blind":
			return [`could not look at all devices: ${report.error.message}`];
		case "settled":
			return ["settled"];
		case "skipped":
			return [explainSkipped(report)];
		case "hung": {
			const seconds = Math.round(report.milliseconds / 1000);
			return [`${report.step.module}: has not ended after ${seconds} s: others go on without waiting for it`];
		}
		case "stuck":
			return [`${report.step.module}: waits for ${report.behind}, which hangs`];
		case "heard":
			return [];
		case "batch":
			return verbose > 1 ? report.batch.decisions.map(explainDecision) : [];
	}
}
