// Reads sysfs attributes on threads: read(2) runs the driver's own code, which may ask slow hardware for seconds, or never
// return. open(2) and close(2) run no driver code, and are called synchronously: to wake a thread takes longer than either.

import { openSync, read } from "node:fs";
import { closeQuietly } from "../files/descriptor.js";
import { onDisk } from "../files/disk-path.js";
import { openSyscalls } from "../native/syscalls.js";
import { threadsForAttributes } from "../native/thread-pool.js";
import { ATTRIBUTE_BUFFER_BYTES, attributeIn } from "./attribute-buffer.js";

/** Called when a read has ended: with the attribute's text, one character a byte, or with the error. */
export type AttributeEnd = (text: string | undefined, thrown?: unknown) => void;

/** Free buffers for later reads: at most as many as there are reads at once when no read is slow. */
const idle: Buffer[] = [];
/** Paths of the attributes that are being read. Each read blocks a thread. */
const reading = new Set<string>();
/**
 * The slow ones among `reading`. A slow read does not count against the threads of prompt reads, as long as there are more
 * threads.
 */
const slow = new Set<string>();
/** The ones among `slow` that no walk waits for any longer. */
const givenUp = new Set<string>();

/** Whether a thread is free. */
export function mayRead(): boolean {
	const { prompt, all } = threadsForAttributes();
	return reading.size - slow.size < prompt && reading.size < all;
}

/** Whether reads that were given up block all threads: none is free until one of these reads ends. */
export function isStuck(): boolean {
	return givenUp.size >= threadsForAttributes().all;
}

/** Counts a read as slow from now on: other attributes are read beside it. */
export function passBy(path: string): void {
	if (reading.has(path)) slow.add(path);
}

/** Whether an earlier read of the same attribute was given up and has not ended. A second read would block one more thread. */
export function isHeld(path: string): boolean {
	return givenUp.has(path);
}

/** Counts a read as given up: no walk waits for it any longer. */
export function giveUpReading(path: string): void {
	if (!reading.has(path)) return;
	slow.add(path);
	givenUp.add(path);
}

let isPrepared = false;

/**
 * Makes this process exit without waiting for reads in flight: node otherwise waits for every busy thread.
 * @throws where koffi cannot be loaded
 */
export async function endWithoutReads(): Promise<void> {
	if (isPrepared) return;
	isPrepared = true;
	const { exitNow } = await openSyscalls();
	process.on("exit", (status) => {
		if (reading.size > 0) exitNow(status);
	});
}

/** Begins to read an attribute on a thread. @throws node's error when the attribute cannot be opened */
export function beginRead(path: string, ended: AttributeEnd): void {
	const fd = openSync(onDisk(path), "r");
	const buffer = idle.pop() ?? Buffer.allocUnsafeSlow(ATTRIBUTE_BUFFER_BYTES);
	reading.add(path);
	// Without a position node calls read(2). Some attributes of sysfs do not support pread(2).
	read(fd, buffer, 0, ATTRIBUTE_BUFFER_BYTES, null, (error, length) => {
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
