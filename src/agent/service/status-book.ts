// Collects the data of `hotplugd status` from the pipeline's reports. Acts in that it reads the clock that it is handed.
import type { Outcome } from "../../libkmod/insertion/outcome.js";
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import type { UeventSource } from "../../ports/uevents.js";
import type { Pipeline } from "../pipeline/pipeline.js";
import type { Settings } from "../settings/settings.js";
import { explainOutcome, explainSkipped } from "../telling/explain.js";
import type { Counted } from "../telling/metrics.js";
import type { Report } from "../telling/report.js";
import type { AgentStatus, PastOutcome } from "../telling/status.js";
import { type Phase, StateWatch } from "./agent-state.js";

export type StatusBook = {
	record(report: Report): void;
	/** Enters a phase. In the phase "serving", the present work decides between "working" and "settled". */
	enter(phase: Phase): void;
	renewed(knowledge: Knowledge): void;
	/** Notes that the indexes could not be read. */
	missing(why: string): void;
	problem(message: string): void;
	status(): AgentStatus;
};

type Past = Omit<PastOutcome, "milliseconds_ago"> & { readonly at: number };

const OUTCOMES_TOLD = 20;

type BookOptions = {
	readonly version: string;
	readonly source: UeventSource;
	/** The knowledge at the start. */
	readonly knowledge: Knowledge;
	readonly settings: Pick<Settings, "quiet_milliseconds">;
	readonly counted: Counted;
};

/** @param now a monotonic clock, in milliseconds */
export function makeStatusBook(
	options: BookOptions,
	pipeline: Pick<Pipeline, "inserter" | "progress">,
	now: () => number = () => performance.now(),
): StatusBook {
	const book = new Book(options, pipeline, now);
	return {
		record: (report) => book.record(report),
		enter: (phase) => book.enter(phase),
		renewed: (knowledge) => book.renewed(knowledge),
		missing: (why) => book.missing(why),
		problem: (message) => book.problem(message),
		status: () => book.status(),
	};
}

class Book implements StatusBook {
	readonly #options: BookOptions;
	readonly #inserter: Pipeline["inserter"];
	readonly #now: () => number;
	readonly #begun: number;
	readonly #state: StateWatch;
	#known: { readonly knowledge: Knowledge; readonly generation: number; readonly at: number };
	#missing: string | undefined;
	#lastProblem: { readonly message: string; readonly at: number } | undefined;
	#past: readonly Past[] = [];
	#receiveBuffer = 0;

	constructor(
		options: BookOptions,
		{ inserter, progress }: Pick<Pipeline, "inserter" | "progress">,
		now: () => number,
	) {
		const { knowledge, settings } = options;
		this.#options = options;
		this.#inserter = inserter;
		this.#now = now;
		this.#begun = now();
		const quietMilliseconds = settings.quiet_milliseconds;
		this.#state = new StateWatch({ inserter, progress, quietMilliseconds, now }, this.#begun);
		this.#known = { knowledge, generation: knowledge.lacking === undefined ? 1 : 0, at: this.#begun };
		this.#missing = knowledge.lacking?.why;
	}

	record(report: Report): void {
		this.#note(report);
		if (report.kind === "listening") this.#state.listens();
		if (isWork(report)) this.#state.work(report.kind === "batch");
	}

	enter(phase: Phase): void {
		this.#state.enter(phase);
	}

	renewed(knowledge: Knowledge): void {
		this.#known = { knowledge, generation: this.#known.generation + 1, at: this.#now() };
		this.#missing = undefined;
	}

	missing(why: string): void {
		this.#missing = why;
	}

	problem(message: string): void {
		this.#lastProblem = { message, at: this.#now() };
	}

	status(): AgentStatus {
		const { version, source, counted } = this.#options;
		const state = this.#state.state();
		return {
			version,
			pid: process.pid,
			milliseconds: this.#ago(this.#begun),
			state: state.name,
			state_milliseconds: this.#ago(state.since),
			source,
			receive_buffer_bytes: this.#receiveBuffer,
			counts: counted.counts(),
			...this.#modulesInFlight(),
			last_outcomes: this.#lastOutcomes(),
			...this.#whatIsKnown(),
			...(this.#lastProblem && {
				last_problem: { message: this.#lastProblem.message, milliseconds_ago: this.#ago(this.#lastProblem.at) },
			}),
		};
	}

	#note(report: Report): void {
		if (report.kind === "outcome") this.#noteOutcome(report.outcome);
		else if (report.kind === "listening") this.#receiveBuffer = report.receiveBuffer;
		else if (report.kind === "deaf" || report.kind === "blind") this.problem(report.error.message);
		else if (report.kind === "skipped") this.problem(explainSkipped(report));
		else if (report.kind === "hung") this.problem(`${report.step.module} hangs`);
	}

	#noteOutcome(outcome: Outcome): void {
		const { step, milliseconds, result } = outcome;
		const explanation = explainOutcome(outcome);
		const past = { module: step.module, result, explanation, milliseconds, at: this.#now() };
		this.#past = [...this.#past.slice(1 - OUTCOMES_TOLD), past];
		if (result === "failed" || result === "missing") this.problem(`${step.module}: ${explanation}`);
	}

	#modulesInFlight(): Pick<AgentStatus, "queue_depth" | "waiting_for_hung" | "in_flight"> {
		const running = this.#inserter.running();
		const stuck = this.#inserter.stuck();
		return {
			queue_depth: this.#inserter.inFlight() - running.length,
			...(stuck.length > 0 && { waiting_for_hung: stuck }),
			in_flight: running.map((one) => ({ ...one, milliseconds: Math.round(one.milliseconds) })),
		};
	}

	#lastOutcomes(): AgentStatus["last_outcomes"] {
		return this.#past.map(({ at, milliseconds, ...outcome }) => ({
			...outcome,
			milliseconds: Math.round(milliseconds),
			milliseconds_ago: this.#ago(at),
		}));
	}

	#whatIsKnown(): Pick<AgentStatus, "indexes" | "configuration"> {
		const { knowledge, generation, at } = this.#known;
		const milliseconds_ago = this.#ago(at);
		const missing = this.#missing;
		return {
			indexes: {
				directory: knowledge.moduleDirectory,
				generation,
				milliseconds_ago,
				...(missing !== undefined && { missing }),
			},
			configuration: { files: knowledge.read, problems: knowledge.problems.length, milliseconds_ago },
		};
	}

	/** Returns whole milliseconds since a time of the clock. */
	#ago(at: number): number {
		return Math.round(this.#now() - at);
	}
}

function isWork(report: Report): boolean {
	if (report.kind === "batch") return report.batch.plan.length > 0;
	return report.kind === "outcome" || report.kind === "walked";
}
