// Devices whose driver failed so lately that its back-off is not over: one timer for each module serves all of them.
import { map, type Observable, type SchedulerLike, takeUntil, timer } from "rxjs";
import type { Attempts } from "../decisions/attempts.js";
import type { BackOff } from "../decisions/back-off.js";
import type { Batch, Spared } from "../decisions/batch.js";
import type { Decision } from "../decisions/decider.js";
import { makeWaitingDevices } from "../decisions/waiting-devices.js";
import type { Retry } from "./retry.js";

export type RestingDevicesOptions = {
	readonly attempts: Attempts;
	readonly backOff: BackOff;
	/** Ends the waits: nothing is retried any more. */
	readonly stop: Observable<unknown>;
	readonly scheduler: SchedulerLike;
};

export class RestingDevices {
	readonly #attempts: Attempts;
	readonly #backOff: BackOff;
	readonly #stop: Observable<unknown>;
	readonly #scheduler: SchedulerLike;
	readonly #waiting = makeWaitingDevices();

	constructor({ attempts, backOff, stop, scheduler }: RestingDevicesOptions) {
		this.#attempts = attempts;
		this.#backOff = backOff;
		this.#stop = stop;
		this.#scheduler = scheduler;
	}

	isResting(module: string): boolean {
		return this.#backOff.wait(module) > 0;
	}

	/** Lets the devices of a batch wait whose drivers rest; a retry comes of each module that nobody waited for yet. */
	rest(batch: Batch): readonly Observable<Retry>[] {
		return [...listResting(batch)].flatMap(([module, devices]) => {
			const isFirst = this.#waiting.isEmpty(module);
			this.#recordPutOff(batch, this.#waiting.add(module, batch.decisions, devices));
			return isFirst ? [this.#retryAfterRest(module)] : [];
		});
	}

	/** What a device wants counts as tried for it where it is going to be: with the driver that rests, or behind that. */
	#recordPutOff({ spared }: Batch, waiting: readonly Decision[]): void {
		const putOff = new Set(spared.filter(isPutOff).map(({ module, device }) => keyOf(device, module)));
		for (const { device, matches } of waiting)
			for (const { found } of matches)
				if (putOff.has(keyOf(device, found.module))) this.#attempts.record(found.module, device);
	}

	#retryAfterRest(module: string): Observable<Retry> {
		return timer(this.#backOff.wait(module), this.#scheduler).pipe(
			takeUntil(this.#stop),
			map(() => ({ module, ...this.#waiting.take(module), isToCome: () => true })),
		);
	}
}

/** The devices whose drivers rest, by driver. */
function listResting({ spared }: Batch): ReadonlyMap<string, readonly string[]> {
	const devices = new Map<string, string[]>();
	for (const { module, device, why } of spared)
		if (why === "resting" && devices.get(module)?.push(device) === undefined) devices.set(module, [device]);
	return devices;
}

const isPutOff = ({ why }: Spared): boolean => why === "resting" || why === "behind";

const keyOf = (device: string, module: string): string => `${device}\0${module}`;
