// Standard output and error through write(2). node's own streams cost a command four milliseconds, and are not done when
// they return.
import { fstatSync, writeSync } from "node:fs";
import { bytesOf } from "../../libkmod/text/byte-strings.js";
import { refusalFor } from "../files/refusal.js";

const names = ["standard input", "standard output", "standard error"];

const terminals = new Map<1 | 2, boolean>();

/** isatty(3). What takes a while to load is asked only of character devices, which most outputs are not. */
export function isTerminal(descriptor: 1 | 2): boolean {
	const known = terminals.get(descriptor) ?? (isCharacterDevice(descriptor) && isatty(descriptor));
	terminals.set(descriptor, known);
	return known;
}

const isatty = (descriptor: number): boolean => process.getBuiltinModule("node:tty").isatty(descriptor);

function isCharacterDevice(descriptor: number): boolean {
	try {
		return fstatSync(descriptor).isCharacterDevice();
	} catch {
		// It is closed.
		return false;
	}
}

/** Writes all of it, a character of a string as one byte, and waits where the reader is slow. @throws {Refusal} such as EPIPE where the reader has gone. */
export function writeStandard(descriptor: 1 | 2, content: string | Uint8Array): void {
	let rest = typeof content === "string" ? encode(content) : content;
	while (rest.length > 0) {
		try {
			rest = rest.subarray(writeSync(descriptor, rest));
		} catch (thrown) {
			const refusal = refusalFor("write", names[descriptor] ?? "", thrown);
			if (refusal.code !== "EAGAIN") throw refusal;
			// A pipe that another process has made non-blocking is full.
			Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
		}
	}
}

/** What has a character that is no byte, such as a message of node's own, is text. */
function encode(string: string): Buffer {
	return Buffer.from(/[^\0-\xff]/.test(string) ? bytesOf(string) : string, "latin1");
}
