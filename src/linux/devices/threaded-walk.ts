// The walk of sysfs.ts beside other work: attributes are read on threads, several at once, and a device that is slow to read is
// overtaken. Devices come in the order of the walk, parents before children, except for the slow ones.

import { setTimeout } from "node:timers/promises";
import { type DeviceTexts, makeModule, type WalkedDevice } from "../../libkmod/formats/walked-device.js";
import type { DeviceLookOptions } from "../../ports/devices.js";
import { isShortage, refusalFor } from "../files/refusal.js";
import { beginRead, endWithoutReads, giveUpReading, isHeld, isStuck, mayRead, passBy } from "./attribute-reads.js";
import { type DeviceDirectory, hasLeft, listDevices, listModules, unreadable } from "./device-directories.js";
import { makeDevice } from "./walked-device.js";

/**
 * Milliseconds for which later devices wait for a slow one, and for which its read counts against the threads of prompt reads.
 */
const PATIENCE_MILLISECONDS = 100;
/**
 * Milliseconds between two tries while no file descriptors are left: the first pause and the longest. All tries take about five
 * seconds.
 */
const FIRST_PAUSE_MILLISECONDS = 100;
const LONGEST_PAUSE_MILLISECONDS = 1000;
const TRIES = 8;

type Attribute = "modalias" | "uevent";

/** A device of which an attribute is being read, or waits to be read. */
type Reading = {
	readonly devpath: string;
	readonly texts: DeviceTexts;
	/** How many attributes are still to be read, and when the first read began (performance.now(), 0 before that). */
	left: number;
	begun: number;
	/** True once later devices may overtake this one. */
	late: boolean;
};

/**
 * Yields devices as soon as they are read. An empty list means that the next devices may take a while. Ends when every device was
 * read or given up.
 * @throws {Refusal} when there are no devices at all, or no file descriptors are left for some seconds
 */
export async function* walkOnThreads(
	sysfs: string,
	options: DeviceLookOptions,
): AsyncGenerator<readonly WalkedDevice[]> {
	const { concerns, onSkipped } = options;
	// Without koffi, the process cannot exit before the reads have ended.
	await endWithoutReads().catch(() => undefined);
	if (concerns?.("module")) yield listModules(sysfs, onSkipped).map(makeModule);
	const walk = new ThreadedWalk(sysfs, options);
	try {
		for (let failures = 0; ; ) {
			const shortage = walk.readOn();
			const devices = walk.take();
			if (devices.length > 0) yield devices;
			if (walk.isOver()) return;
			if (shortage !== undefined) {
				if (++failures === TRIES) throw refusalFor("walk", sysfs, shortage);
				yield [];
				await setTimeout(Math.min(FIRST_PAUSE_MILLISECONDS * 2 ** (failures - 1), LONGEST_PAUSE_MILLISECONDS));
				continue;
			}
			failures = 0;
			if (walk.isQuiet()) yield [];
			await walk.change();
		}
	} finally {
		walk.close();
	}
}

class ThreadedWalk {
	readonly #sysfs: string;
	readonly #options: DeviceLookOptions;
	readonly #next: () => DeviceDirectory | undefined;
	readonly #everything: boolean;
	#exhausted = false;
	/** Attributes of the last listed directory that wait for a free thread. */
	readonly #waiting: { readonly reading: Reading; readonly attribute: Attribute }[] = [];
	/** Devices that are not overtaken, in the order of the walk. */
	readonly #queue: Reading[] = [];
	readonly #late = new Set<Reading>();
	/** The reads in flight, by path of the attribute. */
	readonly #inAir = new Map<
		string,
		{ readonly reading: Reading; readonly attribute: Attribute; readonly begun: number }
	>();
	#ready: WalkedDevice[] = [];
	#changed = false;
	#quiet = false;
	#wake: (() => void) | undefined;
	/** True when an attribute was read, or the clock ticked, before change() was called. */
	#news = false;
	readonly #clock: NodeJS.Timeout;

	constructor(sysfs: string, options: DeviceLookOptions) {
		this.#sysfs = sysfs;
		this.#options = options;
		this.#next = listDevices(sysfs, options);
		this.#everything = options.concerns !== undefined;
		this.#clock = setInterval(() => this.#tick(), PATIENCE_MILLISECONDS);
	}

	/** Begins as many reads as there are free threads. @returns the error when no file descriptors are left, else undefined */
	readOn(): unknown {
		try {
			while (mayRead() || isStuck()) {
				const [first] = this.#waiting;
				if (first !== undefined) {
					this.#begin(first.reading, first.attribute);
					this.#waiting.shift();
				} else if (!this.#list()) return undefined;
			}
			return undefined;
		} catch (thrown) {
			// Every read in flight frees a descriptor when it ends.
			if (isShortage(thrown)) return this.#inAir.size > 0 ? undefined : thrown;
			throw thrown;
		}
	}

	/** Takes the devices that are ready, in order. */
	take(): readonly WalkedDevice[] {
		for (let [head] = this.#queue; head !== undefined && (head.left === 0 || head.late); [head] = this.#queue) {
			this.#queue.shift();
			if (head.left > 0) this.#late.add(head);
			else this.#make(head);
		}
		const ready = this.#ready;
		this.#ready = [];
		return ready;
	}

	isOver(): boolean {
		return this.#exhausted && this.#waiting.length === 0 && this.#queue.length === 0 && this.#late.size === 0;
	}

	/** Whether change() last resolved because the clock ticked, not because an attribute was read. */
	isQuiet(): boolean {
		return this.#quiet;
	}

	/** Resolves when an attribute was read, or at the next tick of the clock. */
	async change(): Promise<void> {
		if (!this.#news)
			await new Promise<void>((resolve) => {
				this.#wake = resolve;
			});
		this.#news = false;
	}

	close(): void {
		clearInterval(this.#clock);
		for (const path of this.#inAir.keys()) giveUpReading(path);
	}

	#list(): boolean {
		const directory = this.#next();
		if (directory === undefined) {
			this.#exhausted = true;
			return false;
		}
		const reading: Reading = { devpath: directory.devpath, texts: {}, left: 0, begun: 0, late: false };
		for (const attribute of ["modalias", "uevent"] as const) {
			if (!directory[attribute]) continue;
			reading.left++;
			this.#waiting.push({ reading, attribute });
		}
		this.#queue.push(reading);
		return true;
	}

	#begin(reading: Reading, attribute: Attribute): void {
		const path = `${this.#sysfs}${reading.devpath}/${attribute}`;
		if (isHeld(path)) this.#fail(reading, attribute, `an earlier read of its ${attribute} has not ended`);
		else if (isStuck())
			this.#fail(reading, attribute, `its ${attribute} is not read: too many other reads have not ended`);
		else {
			try {
				beginRead(path, (text, thrown) => this.#end(path, text, thrown));
				this.#inAir.set(path, { reading, attribute, begun: performance.now() });
				if (reading.begun === 0) reading.begun = performance.now();
			} catch (thrown) {
				if (isShortage(thrown)) throw thrown;
				this.#refuse(reading, attribute, thrown);
			}
		}
	}

	#end(path: string, text: string | undefined, thrown: unknown): void {
		const flight = this.#inAir.get(path);
		if (flight !== undefined) {
			const { reading, attribute } = flight;
			this.#inAir.delete(path);
			if (text === undefined) this.#refuse(reading, attribute, thrown);
			else this.#finish(reading, attribute, text);
		}
		this.#tellOfChange();
	}

	#refuse(reading: Reading, attribute: Attribute, thrown: unknown): void {
		if (hasLeft(`${this.#sysfs}${reading.devpath}/${attribute}`, thrown)) this.#finish(reading, attribute, undefined);
		else this.#skip(reading, attribute, unreadable(`its ${attribute}`, thrown));
	}

	#fail(reading: Reading, attribute: Attribute, why: string): void {
		this.#skip(reading, attribute, new Error(why));
	}

	#skip(reading: Reading, attribute: Attribute, error: Error): void {
		this.#options.onSkipped?.(reading.devpath, error);
		this.#finish(reading, attribute, error);
	}

	#finish(reading: Reading, attribute: Attribute, text: string | Error | undefined): void {
		reading.texts[attribute] = text;
		if (--reading.left === 0 && this.#late.delete(reading)) this.#make(reading);
	}

	#make({ devpath, texts }: Reading): void {
		this.#options.onTexts?.(devpath, texts);
		const device = makeDevice(this.#sysfs, devpath, texts, this.#everything);
		if (device !== undefined) this.#ready.push(device);
	}

	/** Wakes the walk in the next turn of the event loop, so that all attributes read in this turn are taken together. */
	#tellOfChange(): void {
		if (this.#changed) return;
		this.#changed = true;
		setImmediate(() => {
			this.#changed = false;
			this.#wakeUp(false);
		});
	}

	#wakeUp(quiet: boolean): void {
		this.#quiet = quiet;
		this.#news = true;
		this.#wake?.();
	}

	#tick(): void {
		const now = performance.now();
		const { hungMilliseconds } = this.#options;
		for (const reading of this.#queue)
			if (reading.begun > 0 && now - reading.begun > PATIENCE_MILLISECONDS) reading.late = true;
		for (const [path, { reading, attribute, begun }] of [...this.#inAir]) {
			if (now - begun > PATIENCE_MILLISECONDS) passBy(path);
			if (now - begun < hungMilliseconds) continue;
			this.#inAir.delete(path);
			giveUpReading(path);
			this.#fail(reading, attribute, `reading its ${attribute} has not ended after ${hungMilliseconds} ms`);
		}
		this.#wakeUp(true);
	}
}
