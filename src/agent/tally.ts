// Counts what the pipeline reports: plain numbers, for status.
import { Refusal } from "../libkmod/kernel.js";
import type { Report } from "./report.js";
import type { AgentCounts } from "./status.js";
import { isFailure, rootOf } from "./verdict.js";

export type Counted = {
	record(report: Report): void;
	counts(): AgentCounts;
};

export function makeTally(): Counted {
	const failed: Record<string, number> = {};
	let counts = {
		events_received: 0,
		events_dropped: 0,
		events_refused: 0,
		overruns: 0,
		aliases_new: 0,
		aliases_repeated: 0,
		aliases_unknown: 0,
		modules_inserted: 0,
	};
	const aliases = new Set<string>();

	function add(key: keyof typeof counts, count: number): void {
		counts = { ...counts, [key]: counts[key] + count };
	}

	return {
		record(report) {
			if (report.kind === "heard") add("events_received", report.uevents.length);
			else if (report.kind === "refused") counts = { ...counts, events_refused: report.count };
			else if (report.kind === "lost") counts = { ...counts, overruns: Math.max(counts.overruns, report.drops) };
			else if (report.kind === "batch")
				for (const { alias, matches } of report.batch.decisions) {
					add(aliases.has(alias) ? "aliases_repeated" : "aliases_new", 1);
					if (aliases.size >= 16_384) aliases.clear();
					aliases.add(alias);
					if (matches.length === 0) add("aliases_unknown", 1);
				}
			else if (report.kind === "outcome") {
				if (report.outcome.result === "inserted") add("modules_inserted", 1);
				if (!isFailure(report.outcome)) return;
				const { reason, result } = rootOf(report.outcome);
				const why = reason instanceof Refusal ? reason.code : result;
				failed[why] = (failed[why] ?? 0) + 1;
			}
		},
		counts: () => ({ ...counts, modules_failed: { ...failed } }),
	};
}
