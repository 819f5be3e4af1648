// coldplug's real run: the pipeline until it is settled, what is said of it, and the exit status.
import { explainCause, explainDecision, explainOutcome, explainSkipped, listSkipped } from "../agent/explain.js";
import { explainLookupProblems, listLookupProblems } from "../agent/lookup-problems.js";
import { makePipeline } from "../agent/pipeline.js";
import type { Report } from "../agent/report.js";
import { reportRecord } from "../agent/report.js";
import { exitStatus, explainFailures, judgeOutcomes } from "../agent/verdict.js";
import type { Outcome } from "../libkmod/inserter.js";
import type { Kernel } from "../libkmod/kernel.js";
import type { Started } from "./agent-start.js";
import type { ColdplugOptions } from "./coldplug.js";
import type { Machine } from "./machine.js";

/** Modules that may hang while others go on: each holds a thread. */
const HANGING = 16;

export async function loadColdplugged(
	given: ColdplugOptions,
	machine: Machine,
	kernel: Kernel,
	{ settings, knowledge, policy }: Started,
): Promise<number> {
	await machine.sizeThreadPool(settings.parallel, HANGING);
	const pipeline = makePipeline({
		kernel,
		sources: await machine.devices("/sys"),
		settings,
		knowledge: () => knowledge,
		policy: () => policy,
		quietMilliseconds: given.quiet,
		endWhenSettled: true,
	});
	machine.onStopSignal((signal) => {
		const running = pipeline.inserter.running().map(({ module }) => module);
		pipeline.stop();
		if (!given.quietly) machine.complain(`coldplug: ${signal}: waiting for ${running.join(", ") || "nothing"}\n`);
	});
	const last = new Map<string, Outcome>();
	const problems = new Map<string, string>();
	let stopped = true;
	let deaf: Error | undefined;
	const skipped = new Set<string>();
	/** Nobody reads what it says, or the like: the drivers are loaded all the same. */
	let unheard: { readonly thrown: unknown } | undefined;
	await pipeline.open();
	await pipeline.run((report) => {
		if (report.kind === "outcome") last.set(report.outcome.step.module, report.outcome);
		if (report.kind === "batch") for (const [what, why] of listLookupProblems([report.batch])) problems.set(what, why);
		if (report.kind === "settled") stopped = false;
		if (report.kind === "deaf") deaf = report.error;
		if (report.kind === "listening") deaf = undefined;
		if (report.kind === "skipped") skipped.add(explainSkipped(report));
		try {
			if (unheard === undefined) say(report, given, machine);
		} catch (thrown) {
			unheard = { thrown };
		}
	});
	if (unheard !== undefined) throw unheard.thrown;
	const outcomes = [...last.values()];
	const notLookedUp = explainLookupProblems(problems);
	const notHeard = deaf && `devices that came up meanwhile may be missing: ${deaf.message}`;
	const unable = [...listSkipped(skipped), notLookedUp, notHeard].filter((line) => line !== undefined);
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
		case "skipped":
			return explainSkipped(report);
		case "hung": {
			const seconds = Math.round(report.milliseconds / 1000);
			return `${report.step.module}: has not ended after ${seconds} s: others go on without waiting for it`;
		}
		case "stuck":
			return `${report.step.module}: waits for ${report.behind}, which hangs`;
		case "heard":
			return undefined;
		case "batch":
			return verbose > 1 ? report.batch.decisions.map(explainDecision).join("\n") || undefined : undefined;
	}
}
