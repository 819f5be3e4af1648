// Retries for devices whose driver's file was absent. One wait for each module serves all of its devices. The wait ends when the
// file is back, or when new indexes are in use.
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
	/** Whether a file exists. When undefined, no wait begins. */
	readonly hasFile?: ((path: string) => boolean) | undefined;
	/** Emits when new indexes are in use. */
	readonly renewed?: Observable<unknown> | undefined;
	/** Emits when the waits must end. No retry follows. */
	readonly stop: Observable<unknown>;
	readonly scheduler: SchedulerLike;
};

export class AbsentFileWaits {
	readonly #options: AbsentFileWaitsOptions;
	readonly #waiting = makeWaitingDevices();
	/** The number of waits in a row for a module's file, by module. */
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

	/**
	 * Emits one retry when the wait ends. Completes at once for a module that is awaited already: the first wait serves these
	 * devices too.
	 */
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

	/** Returns the number of earlier waits in a row. */
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
