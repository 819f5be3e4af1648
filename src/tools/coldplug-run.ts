// coldplug's real run: the pipeline until it is settled, what is said of it, and the exit status.
import { lastValueFrom, ReplaySubject, tap } from "rxjs";
import { announcements } from "../agent/announcements.js";
import { explainCause, explainDecision, explainOutcome } from "../agent/explain.js";
import { hotplug } from "../agent/hotplug.js";
import { explainLookupProblems, listLookupProblems } from "../agent/lookup-problems.js";
import type { Report } from "../agent/report.js";
import { reportRecord } from "../agent/report.js";
import { slicedByTurns } from "../agent/slices.js";
import { exitStatus, explainFailures, judgeOutcomes } from "../agent/verdict.js";
import { makeInserter, type Outcome } from "../libkmod/inserter.js";
import type { Kernel } from "../libkmod/kernel.js";
import type { Started } from "./agent-start.js";
import type { ColdplugOptions } from "./coldplug.js";
import { listLive } from "./live.js";
import type { Machine } from "./machine.js";

export async function loadColdplugged(
	given: ColdplugOptions,
	machine: Machine,
	kernel: Kernel,
	{ settings, knowledge }: Started,
): Promise<number> {
	await machine.sizeThreadPool(settings.parallel);
	const sources = await machine.devices("/sys");
	const inserter = makeInserter({ kernel, parallel: settings.parallel });
	// A signal may come before anybody listens.
	const stop = new ReplaySubject<void>(1);
	machine.onStopSignal((signal) => {
		inserter.stop();
		if (!given.quietly)
			machine.complain(`coldplug: ${signal}: waiting for ${inserter.running().join(", ") || "nothing"}\n`);
		stop.next();
	});
	const last = new Map<string, Outcome>();
	const problems = new Map<string, string>();
	let stopped = true;
	let deaf: Error | undefined;
	const reports = hotplug({
		devices: {
			announced: announcements(await sources.listen(settings.receive_buffer_bytes)),
			present: () => slicedByTurns(sources.present()),
		},
		knowledge,
		inserter,
		listLive: () => listLive(kernel),
		quietMilliseconds: given.quiet ?? settings.quiet_milliseconds,
		stop,
		endWhenSettled: true,
	});
	await lastValueFrom(
		reports.pipe(
			tap((report) => {
				if (report.kind === "outcome") last.set(report.outcome.step.module, report.outcome);
				if (report.kind === "batch")
					for (const [what, why] of listLookupProblems([report.batch])) problems.set(what, why);
				if (report.kind === "settled") stopped = false;
				if (report.kind === "deaf") deaf = report.error;
				if (report.kind === "listening") deaf = undefined;
				say(report, given, machine);
			}),
		),
		{ defaultValue: undefined },
	);
	const outcomes = [...last.values()];
	const notLookedUp = explainLookupProblems(problems);
	const notHeard = deaf && `devices that came up meanwhile may be missing: ${deaf.message}`;
	const unable = [notLookedUp, notHeard].filter((line) => line !== undefined);
	const status = stopped ? exitStatus.stopped : unable.length > 0 ? exitStatus.unable : judgeOutcomes(outcomes);
	if (!given.quietly)
		for (const line of [...explainFailures(outcomes, status), ...unable]) machine.complain(`coldplug: ${line}\n`);
	return status;
}

function say(report: Report, given: ColdplugOptions, machine: Machine): void {
	if (given.json) for (const record of reportRecord(report)) machine.print(`${JSON.stringify(record)}\n`);
	else if (given.verbose > 0) {
		const line = formatReport(report, given.verbose);
		if (line !== undefined) machine.print(`${line}\n`);
	}
}

function formatReport(report: Report, verbose: number): string | undefined {
	switch (report.kind) {
		case "listening":
			return `listening with ${report.receiveBuffer} bytes of receive buffer`;
		case "outcome": {
			const { step, milliseconds } = report.outcome;
			const why = verbose > 1 ? ` (${explainCause(step.cause)})` : "";
			return `batch ${report.batch}: ${step.module}: ${explainOutcome(report.outcome)}, ${Math.round(milliseconds)} ms${why}`;
		}
		case "walked":
			return `looked at ${report.devices} devices that have an alias`;
		case "lost":
			return `${report.drops} uevents lost: looking again`;
		case "refused":
			return `${report.count} messages refused that the kernel did not send`;
		case "deaf":
			return `the uevent socket failed: ${report.error.message}`;
		case "blind":
			return `could not look at all devices: ${report.error.message}`;
		case "settled":
			return "settled";
		case "batch":
			return verbose > 1 ? report.batch.decisions.map(explainDecision).join("\n") || undefined : undefined;
	}
}
