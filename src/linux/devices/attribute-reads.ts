// Reading attributes of sysfs on threads: read(2) runs the driver's own code, which may ask slow hardware for seconds, or never
// end. Opening and closing run none, and are done at once: to wake a thread takes longer.

import { openSync, read } from "node:fs";
import { closeQuietly } from "../files/descriptor.js";
import { onDisk } from "../files/disk-path.js";
import { openSyscalls } from "../native/syscalls.js";
import { threadsForAttributes } from "../native/thread-pool.js";
import { ATTRIBUTE_BUFFER, attributeIn } from "./attribute-buffer.js";

/** What was read, one character a byte, or why it could not be. */
export type AttributeEnd = (text: string | undefined, thrown?: unknown) => void;

/** Buffers for the next reads: as many as are read at once where nothing is slow. */
const idle: Buffer[] = [];
/** The paths of those that are being read. Each holds a thread. */
const reading = new Set<string>();
/** Those of them that take their time: they leave the threads of the others alone, as long as there are more. */
const slow = new Set<string>();
/** Those of the slow that nobody waits for any longer. */
const givenUp = new Set<string>();

/** Whether a thread is free. */
export function mayRead(): boolean {
	const { prompt, all } = threadsForAttributes();
	return reading.size - slow.size < prompt && reading.size < all;
}

/** Whether no thread will be free until one of those ends that were given up. */
export function isStuck(): boolean {
	return givenUp.size >= threadsForAttributes().all;
}

/** Others are read beside it from now on. */
export function passBy(path: string): void {
	if (reading.has(path)) slow.add(path);
}

/** An earlier read of this very attribute, given up by now, has not ended: another would hold one more thread. */
export function isHeld(path: string): boolean {
	return givenUp.has(path);
}

/** Nobody waits for it any longer. */
export function giveUpReading(path: string): void {
	if (!reading.has(path)) return;
	slow.add(path);
	givenUp.add(path);
}

let isPrepared = false;

/** When this process ends it is not to wait for reads, as it would for every thread that has something to do. */
export async function endWithoutReads(): Promise<void> {
	if (isPrepared) return;
	isPrepared = true;
	const { exitNow } = await openSyscalls();
	process.on("exit", (status) => {
		if (reading.size > 0) exitNow(status);
	});
}

/** @throws where it cannot be opened: what node throws. */
export function beginRead(path: string, ended: AttributeEnd): void {
	const fd = openSync(onDisk(path), "r");
	const buffer = idle.pop() ?? Buffer.allocUnsafeSlow(ATTRIBUTE_BUFFER);
	reading.add(path);
	// Without a position node calls read(2): sysfs has attributes that cannot be read from a place.
	read(fd, buffer, 0, ATTRIBUTE_BUFFER, null, (error, length) => {
		closeQuietly(fd);
		reading.delete(path);
		slow.delete(path);
		givenUp.delete(path);
		const text = error ?? attributeIn(buffer, length, path);
		if (idle.length < threadsForAttributes().prompt) idle.push(buffer);
		if (typeof text === "string") ended(text);
		else ended(undefined, text);
	});
}
