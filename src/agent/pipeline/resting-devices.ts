// Devices whose driver failed and is still in its back-off. One timer for each module serves all of its devices.
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
	/** Emits when the waits must end. No retry follows. */
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

	/**
	 * Adds the devices of a batch whose drivers are in their back-off. Returns a retry for each module that no device waited for
	 * yet.
	 */
	rest(batch: Batch): readonly Observable<Retry>[] {
		return [...listResting(batch)].flatMap(([module, devices]) => {
			const isFirst = this.#waiting.isEmpty(module);
			this.#recordPutOff(batch, this.#waiting.add(module, batch.decisions, devices));
			return isFirst ? [this.#retryAfterRest(module)] : [];
		});
	}

	/**
	 * A module counts as tried for a device when a retry is going to try it: the driver in its back-off, or a rival behind that
	 * driver.
	 */
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

/** Devices whose drivers are in their back-off, by driver. */
function listResting({ spared }: Batch): ReadonlyMap<string, readonly string[]> {
	const devices = new Map<string, string[]>();
	for (const { module, device, why } of spared)
		if (why === "resting" && devices.get(module)?.push(device) === undefined) devices.set(module, [device]);
	return devices;
}

const isPutOff = ({ why }: Spared): boolean => why === "resting" || why === "behind";

const keyOf = (device: string, module: string): string => `${device}\0${module}`;
