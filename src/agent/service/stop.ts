// The stop of the service: begun once, by the first cause, and visible to later subscribers.
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
	/** Emits when the service is stopped, and at once to later subscribers. */
	readonly stopped: Observable<unknown>;
	/** Begins the stop. Returns whether this call was the first. */
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

/**
 * Begins the stop: no further module or command begins, and those that run are awaited, except modules that hang. @param what the
 * cause of the stop, for the log
 */
export function stopBy(what: string, options: StopOptions): void {
	const { stop, listening, book, pipeline, commandPool, requests, journal } = options;
	if (!stop.begin()) return;
	listening.stopping();
	book.enter("stopping");
	const hung = listHung(pipeline);
	const running = listRunning(pipeline.inserter).filter((module) => !hung.includes(module));
	const commands = commandPool.underway().map(describeCommand);
	const but = hung.length === 0 ? "" : `, and not for modules that hang: ${hung.join(", ")}`;
	journal.info(
		{ running, hung, commands },
		`${what}: no further module or command begins; waiting for those that run${but}`,
	);
	requests.stop();
	pipeline.stop();
}

/** Returns the modules that hang. */
export const listHung = ({ inserter }: Pick<Pipeline, "inserter">): readonly string[] =>
	inserter.running().flatMap((one) => (one.hung ? [one.module] : []));
