// Keeps what `hotplugd status` tells, out of the pipeline's reports. Acts in that it reads the clock that it is handed.
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import type { UeventSource } from "../../ports/uevents.js";
import type { Pipeline } from "../pipeline/pipeline.js";
import { isUnderWay } from "../pipeline/progress.js";
import type { Settings } from "../settings/settings.js";
import { explainOutcome, explainSkipped } from "../telling/explain.js";
import type { Counted } from "../telling/metrics.js";
import type { Report } from "../telling/report.js";
import type { AgentState, AgentStatus, PastOutcome } from "../telling/status.js";

export type StatusBook = {
	record(report: Report): void;
	/** Whether it works or is settled in the phase "serving" is told by what it is at. */
	enter(phase: Phase): void;
	renewed(knowledge: Knowledge): void;
	/** Indexes could not be read. */
	missing(why: string): void;
	problem(message: string): void;
	status(): AgentStatus;
};

export type Phase = Exclude<AgentState, "working" | "settled"> | "serving";

type Past = Omit<PastOutcome, "milliseconds_ago"> & { readonly at: number };

const OUTCOMES_TOLD = 20;

type BookOptions = {
	readonly version: string;
	readonly source: UeventSource;
	/** What is known at the start. */
	readonly knowledge: Knowledge;
	readonly settings: Pick<Settings, "quiet_milliseconds">;
	readonly counted: Counted;
};

/** @param now milliseconds, of a clock that only goes forward */
export function makeStatusBook(
	{ version, source, knowledge, counted, settings }: BookOptions,
	{ inserter, progress }: Pick<Pipeline, "inserter" | "progress">,
	now: () => number = () => performance.now(),
): StatusBook {
	const begun = now();
	let phase: { readonly name: Phase; readonly since: number } = { name: "starting", since: begun };
	/** When something was begun or ended last, and the first time after things had been settled. */
	let worked = { first: begun, last: begun };
	let known = { knowledge, generation: knowledge.lacking === undefined ? 1 : 0, at: begun };
	let missing = knowledge.lacking?.why;
	let lastProblem: { readonly message: string; readonly at: number } | undefined;
	let past: readonly Past[] = [];
	let receiveBuffer = 0;

	function enter(name: Phase): void {
		if (phase.name !== name && phase.name !== "stopping") phase = { name, since: now() };
	}

	function work(begins: boolean): void {
		const settled = now() >= worked.last + settings.quiet_milliseconds;
		worked = { first: begins && settled ? now() : worked.first, last: now() };
	}

	function problem(message: string): void {
		lastProblem = { message, at: now() };
	}

	function stateNow(): { readonly name: AgentState; readonly since: number } {
		const { name, since } = phase;
		if (name !== "serving") return { name, since };
		const settled = worked.last + settings.quiet_milliseconds;
		if (inserter.busy() > 0 || isUnderWay(progress.value) || now() < settled)
			return { name: "working", since: Math.max(since, worked.first) };
		return { name: "settled", since: Math.max(since, settled) };
	}

	const ago = (at: number): number => Math.round(now() - at);

	return {
		enter,
		problem,
		record(report) {
			if (report.kind === "outcome") {
				const { step, milliseconds, result } = report.outcome;
				const explanation = explainOutcome(report.outcome);
				past = [
					...past.slice(1 - OUTCOMES_TOLD),
					{ module: step.module, result, explanation, milliseconds, at: now() },
				];
				if (result === "failed" || result === "missing") problem(`${step.module}: ${explanation}`);
			} else if (report.kind === "listening") receiveBuffer = report.receiveBuffer;
			else if (report.kind === "deaf" || report.kind === "blind") problem(report.error.message);
			else if (report.kind === "skipped") problem(explainSkipped(report));
			else if (report.kind === "hung") problem(`${report.step.module} hangs`);
			if (report.kind === "listening" && phase.name === "starting") enter("serving");
			if (isWork(report)) work(report.kind === "batch");
		},
		renewed(anew) {
			known = { knowledge: anew, generation: known.generation + 1, at: now() };
			missing = undefined;
		},
		missing(why) {
			missing = why;
		},
		status() {
			const state = stateNow();
			const running = inserter.running();
			const stuck = inserter.stuck();
			return {
				version,
				pid: process.pid,
				milliseconds: ago(begun),
				state: state.name,
				state_milliseconds: ago(state.since),
				source,
				receive_buffer_bytes: receiveBuffer,
				counts: counted.counts(),
				queue_depth: inserter.inFlight() - running.length,
				...(stuck.length > 0 && { waiting_for_hung: stuck }),
				in_flight: running.map((one) => ({ ...one, milliseconds: Math.round(one.milliseconds) })),
				last_outcomes: past.map(({ at, milliseconds, ...outcome }) => ({
					...outcome,
					milliseconds: Math.round(milliseconds),
					milliseconds_ago: ago(at),
				})),
				indexes: {
					directory: known.knowledge.moduleDirectory,
					generation: known.generation,
					milliseconds_ago: ago(known.at),
					...(missing !== undefined && { missing }),
				},
				configuration: {
					files: known.knowledge.read,
					problems: known.knowledge.problems.length,
					milliseconds_ago: ago(known.at),
				},
				...(lastProblem && { last_problem: { message: lastProblem.message, milliseconds_ago: ago(lastProblem.at) } }),
			};
		},
	};
}

function isWork(report: Report): boolean {
	if (report.kind === "batch") return report.batch.plan.length > 0;
	return report.kind === "outcome" || report.kind === "walked";
}
