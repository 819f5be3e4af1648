// coldplug --timeline FILE: records the timeline of the run, and writes it into the file at the end.
import type { Pipeline } from "../../agent/pipeline/pipeline.js";
import { subscribeReader } from "../../agent/pipeline/report-readers.js";
import { formatTimeline, timelineFormatOf } from "../../agent/timeline/timeline-format.js";
import { makeTimelineRecorder } from "../../agent/timeline/timeline-recorder.js";
import { asError } from "../../libkmod/kernel/errors.js";
import { type Kernel, Refusal } from "../../libkmod/kernel/kernel.js";
import { explainRefusal } from "../../libkmod/text/explain-refusal.js";
import { printable } from "../../libkmod/text/printable.js";
import type { Machine } from "../../ports/machine.js";

/**
 * Records the reports of a pipeline that does not run yet. Times count from the start of this process. `write` never rejects: it
 * resolves with whether the file was written, and has said why not.
 */
export function keepTimeline(
	file: string,
	machine: Pick<Machine, "writeWholeFile" | "complain">,
	{ release }: Pick<Kernel, "release">,
	{ reports, inserter, onSkipped }: Pick<Pipeline, "reports" | "inserter" | "onSkipped">,
): { write(): Promise<boolean> } {
	const recorder = makeTimelineRecorder({ command: "coldplug", kernel: release, running: inserter.running, begun: 0 });
	subscribeReader(reports, recorder.record, (error, report) => {
		if (report.kind !== "skipped") onSkipped("a report for the timeline", error);
	});
	return {
		async write() {
			try {
				const text = await formatTimeline(recorder.timeline(), timelineFormatOf(file) ?? "json");
				await machine.writeWholeFile(file, text);
				return true;
			} catch (thrown) {
				machine.complain(`coldplug: ${printable(explainUnwritten(thrown, file))}\n`);
				return false;
			}
		},
	};
}

function explainUnwritten(thrown: unknown, file: string): string {
	if (thrown instanceof Refusal) return explainRefusal(thrown, thrown.why);
	return `could not write ${file}: ${asError(thrown).message}`;
}
