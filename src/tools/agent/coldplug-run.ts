// coldplug without --dry-run: runs the pipeline until it is settled, prints its reports, and computes the exit status.

import { explainLookupProblems, listLookupProblems } from "../../agent/decisions/lookup-problems.js";
import { makePipeline } from "../../agent/pipeline/pipeline.js";
import { subscribeReader } from "../../agent/pipeline/report-readers.js";
import { exitStatus, explainFailures, judgeOutcomes } from "../../agent/telling/exit-status.js";
import {
	explainCause,
	explainDecision,
	explainOutcome,
	explainSkipped,
	listSkipped,
} from "../../agent/telling/explain.js";
import type { Report } from "../../agent/telling/report.js";
import { reportRecord } from "../../agent/telling/report.js";
import {
	explainUnended,
	isAnythingUnended,
	makeUnendedBook,
	unendedRecord,
} from "../../agent/telling/unended-modules.js";
import type { Running } from "../../libkmod/insertion/inserter.js";
import type { Outcome } from "../../libkmod/insertion/outcome.js";
import { MAY_HANG } from "../../libkmod/insertion/semaphore.js";
import type { Kernel } from "../../libkmod/kernel/kernel.js";
import { formatJson } from "../../libkmod/text/byte-strings.js";
import { printable } from "../../libkmod/text/printable.js";
import type { InsertionProcess, Machine } from "../../ports/machine.js";
import type { Started } from "./agent-start.js";
import type { ColdplugOptions } from "./coldplug-options.js";

/**
 * Extra threads of this process for insertions that hang, in case the insertion process fails and this process inserts instead.
 */
const HANGING_HERE = 16;
/** Milliseconds: the longest delay that a timer of node accepts. */
const LONGEST_TIMER_MILLISECONDS = 2 ** 31 - 1;

/**
 * Loads the modules and resolves with the exit status. The insertion process calls the kernel, so that this process can end even
 * while a driver's init hangs.
 */
export async function loadColdplugged(
	given: ColdplugOptions,
	machine: Machine,
	kernel: Kernel,
	insertions: InsertionProcess,
	{ settings, knowledge, policy }: Started,
): Promise<number> {
	insertions.size(settings.parallel + MAY_HANG);
	await machine.sizeThreadPool(settings.parallel, HANGING_HERE);
	const pipeline = makePipeline({
		kernel: { ...kernel, insert: insertions.insert },
		sources: await machine.devices("/sys"),
		settings,
		knowledge: () => knowledge,
		policy: () => policy,
		quietMilliseconds: given.quiet,
		endWhenSettled: true,
	});
	const complain = (line: string): void => {
		if (!given.quietly) machine.complain(`coldplug: ${printable(line)}\n`);
	};
	machine.onStopSignal((signal) => {
		const running = pipeline.inserter.running();
		const names = (hang: boolean): string => listNames(running.filter(({ hung }) => hung === hang));
		complain(
			`${signal}: waiting for ${names(false) || "nothing"}${names(true) && `, and not for modules that hang: ${names(true)}`}`,
		);
		pipeline.stop();
	});
	const last = new Map<string, Outcome>();
	const problems = new Map<string, string>();
	const book = makeUnendedBook();
	let end = "stopped" as "settled" | "stopped" | "timed out";
	let deaf: Error | undefined;
	const skipped = new Set<string>();
	await pipeline.open();
	const timeout = startTimeout(given.timeout, () => {
		if (end !== "settled") end = "timed out";
		pipeline.leave();
	});
	const read = (report: Report): void => {
		if (report.kind === "outcome") last.set(report.outcome.step.module, report.outcome);
		if (report.kind === "batch") for (const [what, why] of listLookupProblems([report.batch])) problems.set(what, why);
		if (report.kind === "settled") end = "settled";
		if (report.kind === "deaf") deaf = report.error;
		if (report.kind === "listening") deaf = undefined;
		book.record(report);
		if (report.kind === "skipped") skipped.add(explainSkipped(report));
		say(report, given, machine);
	};
	subscribeReader(pipeline.reports, read, (error, report) => {
		// A reader that throws on a "skipped" report would throw on the report of that failure too: the error is dropped.
		if (report.kind !== "skipped") pipeline.onSkipped("a reader of the reports", error);
	});
	await pipeline.run();
	clearTimeout(timeout);
	const unended = book.list(pipeline.inserter.running());
	const outcomes = [...last.values()];
	const notLookedUp = explainLookupProblems(problems);
	const notHeard =
		deaf && `the uevent socket failed, so devices that came up meanwhile may be missing: ${deaf.message}`;
	const unable = [...listSkipped(skipped), notLookedUp, notHeard].filter((line) => line !== undefined);
	const status = judge();

	function judge(): number {
		if (end === "stopped") return exitStatus.stopped;
		if (end === "timed out" || isAnythingUnended(unended)) return exitStatus.unended;
		return unable.length > 0 ? exitStatus.unable : judgeOutcomes(outcomes);
	}

	if (given.json && isAnythingUnended(unended)) machine.print(`${formatJson(unendedRecord(unended))}\n`);
	for (const line of [...explainFailures(outcomes, status), ...unable, ...explainUnended(unended)]) complain(line);
	if (end === "timed out") complain(`ended by --timeout: the devices were not settled after ${given.timeout} s`);
	await insertions.close();
	// When this process inserts in place of the insertion process, one of its threads may still be in a system call, and would
	// delay exit.
	if (unended.running.length > 0) await machine.endNow(status);
	return status;
}

const listNames = (running: readonly Running[]): string => running.map(({ module }) => module).join(", ");

/** Starts the timer of --timeout. The seconds count from the start of this process. */
function startTimeout(seconds: number | undefined, over: () => void): ReturnType<typeof setTimeout> | undefined {
	if (seconds === undefined) return undefined;
	return setTimeout(over, Math.min(Math.max(0, 1000 * seconds - performance.now()), LONGEST_TIMER_MILLISECONDS));
}

function say(report: Report, given: ColdplugOptions, machine: Machine): void {
	if (given.json) for (const record of reportRecord(report)) machine.print(`${formatJson(record)}\n`);
	else if (given.verbose > 0) {
		for (const line of formatReport(report, given.verbose)) machine.print(`${printable(line)}\n`);
	}
}

/** Formats a report as lines without newlines. A report that is not shown at this verbosity gives no lines. */
function formatReport(report: Report, verbose: number): readonly string[] {
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
