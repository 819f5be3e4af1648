// Devices whose driver's file was gone: one wait for each module serves all of them. It ends when the file is back, or when other
// indexes count.
import {
	concatMap,
	EMPTY,
	filter,
	from,
	map,
	merge,
	type Observable,
	type SchedulerLike,
	take,
	takeUntil,
	tap,
	timer,
} from "rxjs";
import { type Absence, MOST_TRIES, PAUSES } from "../decisions/absent-files.js";
import { makeWaitingDevices, type Waiting } from "../decisions/waiting-devices.js";
import type { Retry } from "./retry.js";

export type AbsentFileWaitsOptions = {
	/** Whether a file is there. Where absent, nothing is waited for. */
	readonly hasFile?: ((path: string) => boolean) | undefined;
	/** Other indexes count from now on. */
	readonly renewed?: Observable<unknown> | undefined;
	/** Ends the waits: nothing is retried any more. */
	readonly stop: Observable<unknown>;
	readonly scheduler: SchedulerLike;
};

export class AbsentFileWaits {
	readonly #options: AbsentFileWaitsOptions;
	readonly #waiting = makeWaitingDevices();
	/** By module, how many times in a row its file was waited for. */
	readonly #tries = new Map<string, number>();

	constructor(options: AbsentFileWaitsOptions) {
		this.#options = options;
	}

	isAwaited(module: string): boolean {
		return !this.#waiting.isEmpty(module);
	}

	succeeded(module: string): void {
		this.#tries.delete(module);
	}

	/** A retry comes of a module that nobody waited for yet. */
	wait(
		module: string,
		absence: Absence | undefined,
		{ decisions, devices }: Waiting,
		isToCome: Retry["isToCome"],
	): Observable<Retry> {
		const { hasFile, renewed = EMPTY, stop } = this.#options;
		if (absence === undefined || hasFile === undefined || devices.length === 0) return EMPTY;
		const isFirst = !this.isAwaited(module);
		this.#waiting.add(module, decisions, devices);
		if (!isFirst) return EMPTY;
		const back = this.#untilBack(absence, this.#countTry(module), hasFile);
		return merge(renewed.pipe(tap(() => this.#tries.delete(module))), back).pipe(
			take(1),
			takeUntil(stop),
			map(() => ({ module, ...this.#waiting.take(module), isToCome })),
		);
	}

	/** How many times it was tried before. */
	#countTry(module: string): number {
		const tried = this.#tries.get(module) ?? 0;
		this.#tries.set(module, tried + 1);
		return tried;
	}

	#untilBack({ path }: Absence, tried: number, hasFile: (path: string) => boolean): Observable<unknown> {
		const pauses = path === undefined || tried >= MOST_TRIES ? [] : PAUSES.slice(tried);
		return from(pauses).pipe(
			concatMap((milliseconds) => timer(milliseconds, this.#options.scheduler)),
			filter(() => path !== undefined && hasFile(path)),
		);
	}
}
