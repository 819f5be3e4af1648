// coldplug without --dry-run: runs the pipeline until it is settled, prints its reports, and ends with their exit status.

import { makePipeline, type Pipeline } from "../../agent/pipeline/pipeline.js";
import { subscribeReader } from "../../agent/pipeline/report-readers.js";
import { exitStatus } from "../../agent/telling/exit-status.js";
import { type Report, reportRecord } from "../../agent/telling/report.js";
import { isAnythingUnended, unendedRecord } from "../../agent/telling/unended-modules.js";
import type { Running } from "../../libkmod/insertion/inserter.js";
import { MAY_HANG } from "../../libkmod/insertion/semaphore.js";
import type { Kernel, ModuleFiles } from "../../libkmod/kernel/kernel.js";
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import { formatJson } from "../../libkmod/text/byte-strings.js";
import { printable } from "../../libkmod/text/printable.js";
import type { InsertionProcess, Machine } from "../../ports/machine.js";
import type { Started } from "../agent/agent-start.js";
import { searchEvidence } from "../agent/refusal-evidence.js";
import type { ColdplugOptions } from "./coldplug-options.js";
import { beginProgress, type ProgressLine } from "./coldplug-progress.js";
import { ColdplugTally, type Conclusion, type Told } from "./coldplug-tally.js";
import { formatReport } from "./report-text.js";

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
	asked: Machine,
	kernel: Kernel & ModuleFiles,
	insertions: InsertionProcess,
	{ settings, knowledge, policy }: Started,
): Promise<number> {
	insertions.size(settings.parallel + MAY_HANG);
	await asked.sizeThreadPool(settings.parallel, HANGING_HERE);
	const { machine, progress } = beginProgress(asked, given);
	const pipeline = makePipeline({
		kernel: { ...kernel, insert: insertions.insert },
		sources: await machine.devices("/sys"),
		settings,
		knowledge: () => knowledge,
		policy: () => policy,
		openEvidence: searchEvidence(kernel, machine),
		quietMilliseconds: given.quiet,
		endWhenSettled: true,
	});
	const complain = (line: string): void => {
		if (!given.quietly) machine.complain(`coldplug: ${printable(line)}\n`);
	};
	machine.onStopSignal((signal) => stopBySignal(signal, pipeline, complain));
	const timeline = await recordTimeline(given, machine, kernel, pipeline);
	// Whatever ends the run, the line is removed before anything is said of it.
	const conclusion = await runPipeline(pipeline, given, machine, progress).finally(() => progress.end());
	if (conclusion.told !== undefined) await tellTable(conclusion.told, machine, kernel, knowledge);
	tellConclusion(conclusion, given, machine, complain);
	const isWritten = await timeline.write();
	const status = isWritten || conclusion.status !== exitStatus.done ? conclusion.status : exitStatus.unable;
	await insertions.close();
	// When this process inserts in place of the insertion process, one of its threads may still be in a system call, and would
	// delay exit.
	if (conclusion.unended.running.length > 0) await machine.endNow(status);
	return status;
}

/** With --timeline, what is to be done at the end: `write` resolves with whether the file was written. */
async function recordTimeline(
	{ timeline: file }: ColdplugOptions,
	machine: Machine,
	kernel: Kernel,
	pipeline: Pipeline,
): Promise<{ write(): Promise<boolean> }> {
	if (file === undefined) return { write: async () => true };
	const { keepTimeline } = await import("./coldplug-timeline.js");
	return keepTimeline(file, machine, kernel, pipeline);
}

function stopBySignal(signal: string, pipeline: Pipeline, complain: (line: string) => void): void {
	const running = pipeline.inserter.running();
	const names = (hang: boolean): string => listNames(running.filter(({ hung }) => hung === hang));
	complain(
		`${signal}: waiting for ${names(false) || "nothing"}${names(true) && `, and not for modules that hang: ${names(true)}`}`,
	);
	pipeline.stop();
}

const listNames = (running: readonly Running[]): string => running.map(({ module }) => module).join(", ");

/** Runs the pipeline until it is settled, stopped or timed out, and prints its reports as they come. */
async function runPipeline(
	pipeline: Pipeline,
	given: ColdplugOptions,
	machine: Machine,
	progress: ProgressLine,
): Promise<Conclusion> {
	const isTabled = given.verbose > 0 && !given.json;
	const tally = new ColdplugTally(isTabled);
	await pipeline.open();
	progress.begin(() => ({ ...tally.count(), running: pipeline.inserter.running() }));
	const timeout = startTimeout(given.timeout, () => {
		tally.timeOut();
		pipeline.leave();
	});
	const read = (report: Report): void => {
		tally.record(report);
		say(report, given, machine);
	};
	subscribeReader(pipeline.reports, read, (error, report) => {
		// A reader that throws on a "skipped" report would throw on the report of that failure too: the error is dropped.
		if (report.kind !== "skipped") pipeline.onSkipped("a reader of the reports", error);
	});
	await pipeline.run();
	clearTimeout(timeout);
	return tally.conclude(pipeline.inserter.running());
}

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

/** Prints what has become of all devices, as a dry run shows what would. */
async function tellTable(
	{ batches, outcomes }: Told,
	machine: Machine,
	kernel: Kernel & ModuleFiles,
	knowledge: Knowledge,
): Promise<void> {
	const { listOutcomeRows, showTable } = await import("./coldplug-table.js");
	const { namingHardware } = await import("../../agent/explaining/hardware-names.js");
	const inspection = await machine.inspect("/sys");
	const sources = { kernel, knowledge, inspection, root: "", sysfs: "/sys", isHere: true };
	const told = await listOutcomeRows({ batches, outcomes, nameOf: namingHardware(kernel, "") }, sources);
	const loaded = [...outcomes.values()].filter(({ result }) => result === "inserted" || result === "ran").length;
	machine.print("\n");
	await showTable(machine, { batches, ...told, modules: loaded, done: "loaded", everything: false });
}

function tellConclusion(
	{ unended, isTimedOut, complaints }: Conclusion,
	{ json, timeout }: ColdplugOptions,
	machine: Machine,
	complain: (line: string) => void,
): void {
	if (json && isAnythingUnended(unended)) machine.print(`${formatJson(unendedRecord(unended))}\n`);
	for (const line of complaints) complain(line);
	if (isTimedOut) complain(`ended by --timeout: the devices were not settled after ${timeout} s`);
}
