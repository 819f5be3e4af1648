// Has threads work on batches, and hands over their answers in the order of the batches. A thread that dies of a batch is replaced:
// its lines are tried one by one, and the line that a thread dies of is refused.

import { Worker } from "node:worker_threads";
import type { SharedBatch } from "./line-batches.js";

/** A message to a thread. */
export type BatchMessage = Omit<SharedBatch, "lines">;
/** A thread's answer to the batch that it has had for longest. */
export type BatchAnswer = { readonly answer: unknown };

export type ThreadOptions = {
	/** The path of the threads' script. */
	readonly script: string;
	readonly task: unknown;
	readonly threads: number;
	/** Called in order, one call at a time. */
	onAnswer(answer: unknown): Promise<void>;
	/** Called with each batch whose memory is no longer read. */
	onDone(batch: SharedBatch): void;
	/** Called when a thread has nothing to do and `post` has room: the reader may be waiting for the input. */
	onIdle(): void;
};

/** A batch at work and one that waits, so that no thread ever waits for the main thread. */
const BATCHES_A_THREAD = 2;

/** MB of a thread's objects. Those of a capture take some ten times as much memory as its line. */
const HEAP_MEGABYTES = 512;

/** The place of a batch in the order. */
type Place = { readonly batch: SharedBatch; answered?: { readonly answer: unknown } };

type Thread = { worker: Worker; readonly places: Place[] };

export class BatchThreads {
	readonly #options: ThreadOptions;
	readonly #threads: Thread[] = [];
	/** Batches that are not answered, or whose answers are not handed over, in their order. */
	readonly #order: Place[] = [];
	/** Batches of a thread that has died. */
	readonly #again: Place[] = [];
	/** Rejects with what `onAnswer` has thrown, or the error of a thread that cannot begin. */
	readonly failed: Promise<never>;
	#fail: (thrown: unknown) => void = () => undefined;
	#isOver = false;
	#isHandingOver = false;
	#wake: () => void = () => undefined;

	constructor(options: ThreadOptions) {
		this.#options = options;
		this.failed = new Promise((_, reject) => (this.#fail = reject));
		this.failed.catch(() => (this.#isOver = true));
		while (this.#threads.length < options.threads) this.#threads.push({ worker: this.#begin(), places: [] });
	}

	/** Whether a thread has nothing to do, and `post` has room. */
	get isIdle(): boolean {
		return this.#isOpen() && this.#threads.some(({ places }) => places.length === 0);
	}

	/** How many batches are held: those of the threads, and those whose answers wait. */
	get held(): number {
		return this.#order.length;
	}

	/** Resolves when `post` has room for a batch. Answers wait for the answers before them, and for `onAnswer`. */
	async room(): Promise<void> {
		await this.#until(() => this.#isOpen() && this.#hasRoom());
	}

	/** Gives a batch to a thread, after `room` or when a thread is idle. */
	post(batch: SharedBatch): void {
		const place: Place = { batch };
		this.#order.push(place);
		this.#give(place);
	}

	/** Resolves when every answer was handed over. */
	async finish(): Promise<void> {
		await this.#until(() => this.#order.length === 0);
	}

	/** Ends the threads, whatever they do. */
	async end(): Promise<void> {
		this.#isOver = true;
		await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
	}

	async #until(condition: () => boolean): Promise<void> {
		while (!condition()) await Promise.race([this.failed, new Promise<void>((resolve) => (this.#wake = resolve))]);
	}

	#isOpen(): boolean {
		const most = 2 * BATCHES_A_THREAD * this.#threads.length;
		return !this.#isOver && this.#order.length < most && this.#again.length === 0;
	}

	#hasRoom(): boolean {
		return this.#threads.some(({ places }) => places.length < BATCHES_A_THREAD);
	}

	/** Posts a batch to the thread that has the least to do. */
	#give(place: Place): void {
		const [thread] = this.#threads.toSorted((one, other) => one.places.length - other.places.length);
		thread!.places.push(place);
		const { lines: _, ...message } = place.batch;
		thread!.worker.postMessage(message satisfies BatchMessage);
	}

	#begin(): Worker {
		const { script, task } = this.#options;
		const resourceLimits = { maxOldGenerationSizeMb: HEAP_MEGABYTES };
		const worker = new Worker(script, { workerData: task, resourceLimits });
		let problem: Error | undefined;
		worker.on("message", ({ answer }: BatchAnswer) => this.#answered(worker, answer));
		// An error of another thread is no instance of this thread's Error.
		worker.on("error", (error) => (problem = new Error((error as Error).message, { cause: error })));
		worker.on("exit", (status) => this.#ended(worker, problem ?? new Error(`a thread has ended with ${status}`)));
		return worker;
	}

	#answered(worker: Worker, answer: unknown): void {
		const place = this.#threadOf(worker)?.places.shift();
		if (place === undefined) return;
		place.answered = { answer };
		this.#options.onDone(place.batch);
		const again = this.#again.shift();
		if (again !== undefined) this.#give(again);
		void this.#handOver();
		this.#goOn();
	}

	/** Lets whatever waits for room, or for the end, look again. */
	#goOn(): void {
		this.#wake();
		if (this.isIdle) this.#options.onIdle();
	}

	async #handOver(): Promise<void> {
		if (this.#isHandingOver) return;
		this.#isHandingOver = true;
		try {
			for (let first = this.#order[0]; first?.answered !== undefined && !this.#isOver; first = this.#order[0]) {
				await this.#options.onAnswer(first.answered.answer);
				this.#order.shift();
				this.#goOn();
			}
		} catch (thrown) {
			this.#fail(thrown);
		}
		this.#isHandingOver = false;
	}

	#threadOf(worker: Worker): Thread | undefined {
		return this.#threads.find((thread) => thread.worker === worker);
	}

	#ended(worker: Worker, problem: unknown): void {
		const thread = this.#threadOf(worker);
		if (thread === undefined || this.#isOver) return;
		const [culprit, ...others] = thread.places.splice(0);
		// A refused batch has nothing that a thread could die of: then no thread can begin.
		if (culprit === undefined || culprit.batch.refused !== undefined) {
			this.#fail(problem);
			return;
		}
		thread.worker = this.#begin();
		this.#again.unshift(...this.#divide(culprit), ...others);
		for (const { places } of this.#threads) {
			const again = places.length === 0 ? this.#again.shift() : undefined;
			if (again !== undefined) this.#give(again);
		}
	}

	/** The lines of a batch as batches of their own; a single line is refused. */
	#divide(place: Place): readonly Place[] {
		const { batch } = place;
		const parts = batch.lines > 1 ? listLines(batch) : [{ ...batch, refused: TOO_MUCH }];
		const places = parts.map((part) => ({ batch: part }));
		this.#order.splice(this.#order.indexOf(place), 1, ...places);
		return places;
	}
}

const TOO_MUCH = "it takes more memory than a capture may";

const NEWLINE = 10;

/** Each line of a batch as a batch of its own, in the same memory. */
function listLines(batch: SharedBatch): readonly SharedBatch[] {
	const bytes = Buffer.from(batch.memory, 0, batch.end);
	let start = batch.start;
	return Array.from({ length: batch.lines }, (_, number) => {
		const newline = bytes.indexOf(NEWLINE, start);
		const end = newline < 0 ? batch.end : newline + 1;
		const part = { ...batch, firstLine: batch.firstLine + number, lines: 1, start, end, isPart: true } as const;
		start = end;
		return part;
	});
}
