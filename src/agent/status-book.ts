// Keeps what `hotplugd status` tells, out of the pipeline's reports.
import type { Knowledge } from "../libkmod/knowledge.js";
import { explainOutcome } from "./explain.js";
import type { Counted } from "./metrics.js";
import type { Pipeline } from "./pipeline.js";
import type { Report } from "./report.js";
import type { ServiceOptions } from "./service.js";
import type { AgentState, AgentStatus, PastOutcome } from "./status.js";

export type StatusBook = {
	record(report: Report): void;
	enter(state: AgentState): void;
	renewed(knowledge: Knowledge): void;
	problem(message: string): void;
	status(): AgentStatus;
};

type Past = Omit<PastOutcome, "milliseconds_ago"> & { readonly at: number };

const OUTCOMES_TOLD = 20;

type BookOptions = Pick<ServiceOptions, "version" | "source" | "knowledge"> & { readonly counted: Counted };

/** @param now milliseconds, of a clock that only goes forward */
export function makeStatusBook(
	{ version, source, knowledge, counted }: BookOptions,
	{ inserter }: Pipeline,
	now: () => number = () => performance.now(),
): StatusBook {
	const begun = now();
	let state: { readonly name: AgentState; readonly since: number } = { name: "starting", since: begun };
	let known = { knowledge, generation: 1, at: begun };
	let lastProblem: { readonly message: string; readonly at: number } | undefined;
	let past: readonly Past[] = [];
	let receiveBuffer = 0;

	function enter(name: AgentState): void {
		if (state.name === name || state.name === "stopping") return;
		state = { name, since: now() };
	}

	function problem(message: string): void {
		lastProblem = { message, at: now() };
	}

	/** Work may begin again without a word of it. */
	function stateNow(): AgentState {
		return state.name === "settled" && inserter.busy() > 0 ? "working" : state.name;
	}

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
			else if (report.kind === "hung") problem(`${report.step.module} hangs`);
			if (report.kind === "settled") enter("settled");
			else if (report.kind === "batch" && report.batch.plan.length > 0) enter("working");
		},
		renewed(anew) {
			known = { knowledge: anew, generation: known.generation + 1, at: now() };
		},
		status: () => ({
			version,
			pid: process.pid,
			milliseconds: now() - begun,
			state: stateNow(),
			state_milliseconds: now() - state.since,
			source,
			receive_buffer_bytes: receiveBuffer,
			counts: counted.counts(),
			queue_depth: inserter.inFlight() - inserter.running().length,
			in_flight: inserter.running(),
			last_outcomes: past.map(({ at, ...outcome }) => ({ ...outcome, milliseconds_ago: now() - at })),
			indexes: {
				directory: known.knowledge.moduleDirectory,
				generation: known.generation,
				milliseconds_ago: now() - known.at,
			},
			configuration: {
				files: known.knowledge.read,
				problems: known.knowledge.problems.length,
				milliseconds_ago: now() - known.at,
			},
			...(lastProblem && {
				last_problem: { message: lastProblem.message, milliseconds_ago: now() - lastProblem.at },
			}),
		}),
	};
}
