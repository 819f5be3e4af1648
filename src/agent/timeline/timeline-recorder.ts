// Records the timeline from the pipeline's reports. Reads the clock only for a batch with a plan, an outcome or a mark: uevents
// cost nothing. Bounded: the oldest tries are forgotten. Acts in that it reads the clock that it is handed.
import type { Running } from "../../libkmod/insertion/inserter.js";
import type { Outcome } from "../../libkmod/insertion/outcome.js";
import type { Report } from "../telling/report.js";
import { MOST_MARKS, MOST_MODULES, type Timeline, type TimelineMark } from "./timeline.js";
import { awaitLate, beginTry, endTry, nameOf, rounded, sizeOf, type Try, tryData, waitsOf } from "./timeline-try.js";

export type TimelineRecorder = {
	record(report: Report): void;
	timeline(): Timeline;
};

export type RecorderOptions = Pick<Timeline, "command" | "kernel"> & {
	/** The modules whose insertion or command runs now. */
	readonly running: () => readonly Running[];
	/** A monotonic clock, in milliseconds. */
	readonly now?: () => number;
	/** The time of that clock at which the command began. Now when undefined. */
	readonly begun?: number;
};

export function makeTimelineRecorder(options: RecorderOptions): TimelineRecorder {
	const recorder = new Recorder(options);
	return { record: (report) => recorder.record(report), timeline: () => recorder.timeline() };
}

/** Tries of one module that are kept: the first one, and the newest. */
const TRIES_KEPT = 4;
/** The most characters that all tries keep: the answer of the control socket, in which one may take six bytes, stays below 16 MiB. */
const MOST_CHARACTERS = 1_000_000;

class Recorder implements TimelineRecorder {
	readonly #options: RecorderOptions;
	readonly #now: () => number;
	readonly #begun: number;
	/** All tries, oldest first. */
	readonly #all = new Set<Try>();
	readonly #byModule = new Map<string, Try[]>();
	readonly #marks: TimelineMark[] = [];
	#characters = 0;
	#forgotten = 0;

	constructor(options: RecorderOptions) {
		const { now = () => performance.now() } = options;
		this.#options = options;
		this.#now = now;
		this.#begun = options.begun ?? now();
	}

	record(report: Report): void {
		if (report.kind === "batch" && report.batch.plan.length > 0) this.#want(report.batch);
		else if (report.kind === "outcome") this.#end(report);
		else if (report.kind === "hung") this.#hang(report.step.module);
		else if (report.kind === "stuck") this.#stick(report.step.module, report.behind);
		else this.#noteMark(report);
	}

	timeline(): Timeline {
		const { command, kernel, running } = this.#options;
		const milliseconds = this.#time();
		for (const one of running()) {
			const begun = Math.max(0, rounded(milliseconds - one.milliseconds));
			this.#change(one.module, (open) => {
				open.begun = Math.max(open.wanted, begun);
			});
		}
		const modules = [...this.#all].map((one) => tryData(one, this.#find));
		const marks = [...this.#marks];
		return { format: 1, command, kernel, milliseconds, forgotten: this.#forgotten, modules, marks };
	}

	#noteMark(report: Report): void {
		if (report.kind === "walked") this.#mark({ kind: "walked", at: this.#time(), count: report.devices });
		else if (report.kind === "lost") this.#mark({ kind: "lost", at: this.#time(), count: report.drops });
		else if (isMark(report.kind)) this.#mark({ kind: report.kind, at: this.#time() });
	}

	#hang(module: string): void {
		this.#change(module, (one, at) => {
			one.hung = at;
		});
	}

	#stick(module: string, behind: string): void {
		this.#change(module, (one) => {
			one.stuck = behind;
		});
	}

	/** A module that is in flight stays in the batch that wanted it first. */
	#want({ number, plan }: (Report & { kind: "batch" })["batch"]): void {
		const wanted = this.#time();
		for (const step of plan) {
			const earlier = this.#find(step.module);
			if (earlier !== undefined && earlier.ended === undefined) continue;
			const one = beginTry(step, number, wanted, (earlier?.try ?? 0) + 1);
			this.#add(one);
			for (const rival of one.rivals) noteRival(this.#find(rival), one.module);
		}
	}

	#end({ batch, outcome, late = 0 }: Report & { kind: "outcome" }): void {
		if (this.#find(outcome.step.module) === undefined) return;
		const ended = rounded(this.#time() - late);
		this.#beginLate(batch, outcome, ended);
		this.#change(outcome.step.module, (one) => {
			this.#characters -= sizeOf(one);
			endTry(one, outcome, Math.max(one.wanted, ended));
			Object.assign(one, waitsOf(one, this.#find));
			this.#characters += sizeOf(one);
			if (late > 0) for (const other of this.#all) awaitLate(other, one);
		});
	}

	/**
	 * While the outcome of one try waits for its evidence, the next may begin and end: its batch was told when the earlier try
	 * seemed to be in flight.
	 */
	#beginLate(batch: number, { step, milliseconds }: Outcome, ended: number): void {
		const last = this.#find(step.module);
		if (last?.ended === undefined || last.batch === batch || last.result === "stopped") return;
		this.#add(beginTry(step, batch, Math.max(last.ended, rounded(ended - milliseconds)), last.try + 1));
	}

	readonly #find = (module: string): Try | undefined => this.#byModule.get(nameOf(module))?.at(-1);

	/** Changes the module's try in flight, if there is one. */
	#change(module: string, change: (one: Try, at: number) => void): void {
		const one = this.#find(module);
		if (one !== undefined && one.ended === undefined) change(one, this.#time());
	}

	#add(one: Try): void {
		const tries = this.#byModule.get(one.module);
		if (tries === undefined) this.#byModule.set(one.module, [one]);
		else if (tries.push(one) > TRIES_KEPT) this.#forget(tries[1]!);
		this.#all.add(one);
		this.#characters += sizeOf(one);
		while (this.#all.size > MOST_MODULES || this.#characters > MOST_CHARACTERS) {
			const [oldest] = this.#all;
			if (oldest === undefined) return;
			this.#forget(oldest);
		}
	}

	#forget(one: Try): void {
		this.#all.delete(one);
		this.#characters -= sizeOf(one);
		this.#forgotten++;
		const left = (this.#byModule.get(one.module) ?? []).filter((other) => other !== one);
		if (left.length > 0) this.#byModule.set(one.module, left);
		else this.#byModule.delete(one.module);
	}

	#mark(mark: TimelineMark): void {
		if (this.#marks.push(mark) <= MOST_MARKS) return;
		this.#marks.shift();
		this.#forgotten++;
	}

	#time(): number {
		return Math.max(0, rounded(this.#now() - this.#begun));
	}
}

const isMark = (kind: Report["kind"]): kind is "listening" | "settled" | "deaf" | "blind" =>
	kind === "listening" || kind === "settled" || kind === "deaf" || kind === "blind";

const MOST_RIVALS = 64;

function noteRival(first: Try | undefined, later: string): void {
	if (first !== undefined && !first.rivals.includes(later) && first.rivals.length < MOST_RIVALS)
		first.rivals.push(later);
}
