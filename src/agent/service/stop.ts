// The stop of the service: told once, by whatever comes first, and known to whoever asks later.
import { BehaviorSubject, filter, type Observable } from "rxjs";
import type { CommandPool } from "../commands/command-pool.js";
import type { Requests } from "../control/load-requests.js";
import { describeCommand } from "../control/settle.js";
import type { Pipeline } from "../pipeline/pipeline.js";
import type { Journal } from "../telling/journal.js";
import type { Listening } from "./listening.js";
import { listRunning } from "./settling.js";
import type { StatusBook } from "./status-book.js";

export type Stop = {
	isStopped(): boolean;
	/** Emits when it is stopped, and to whoever subscribes later. */
	readonly stopped: Observable<unknown>;
	/** Whether it was the first to stop it. */
	begin(): boolean;
};

export function makeStop(): Stop {
	const stopping = new BehaviorSubject(false);
	return {
		isStopped: () => stopping.value,
		stopped: stopping.pipe(filter((isStopped) => isStopped)),
		begin() {
			if (stopping.value) return false;
			stopping.next(true);
			return true;
		},
	};
}

export type StopOptions = {
	readonly stop: Stop;
	readonly listening: Pick<Listening, "stopping">;
	readonly book: Pick<StatusBook, "enter">;
	readonly pipeline: Pick<Pipeline, "inserter" | "stop">;
	readonly commandPool: Pick<CommandPool, "underway">;
	readonly requests: Pick<Requests, "stop">;
	readonly journal: Pick<Journal, "info">;
};

/** Nothing more begins; what runs is awaited, but for what hangs. @param what stops it, for the log */
export function stopBy(what: string, options: StopOptions): void {
	const { stop, listening, book, pipeline, commandPool, requests, journal } = options;
	if (!stop.begin()) return;
	listening.stopping();
	book.enter("stopping");
	const hung = listHung(pipeline);
	const running = listRunning(pipeline.inserter).filter((module) => !hung.includes(module));
	const commands = commandPool.underway().map(describeCommand);
	const but = hung.length === 0 ? "" : `, and not for what hangs: ${hung.join(", ")}`;
	journal.info({ running, hung, commands }, `${what}: nothing more begins; waiting for what runs${but}`);
	requests.stop();
	pipeline.stop();
}

/** Modules that hang. */
export const listHung = ({ inserter }: Pick<Pipeline, "inserter">): readonly string[] =>
	inserter.running().flatMap((one) => (one.hung ? [one.module] : []));
