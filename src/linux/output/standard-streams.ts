// Writes to standard output and standard error by write(2). node's own streams cost a command four milliseconds, and their
// write() may return before the text is written.
import { fstatSync, writeSync } from "node:fs";
import { bytesOf } from "../../libkmod/text/byte-strings.js";
import { isNullDevice } from "../files/null-device.js";
import { refusalFor } from "../files/refusal.js";

const names = ["standard input", "standard output", "standard error"];

const terminals = new Map<1 | 2, boolean>();

/**
 * isatty(3). The module node:tty takes milliseconds to load, so it is used only for a character device other than /dev/null, which
 * most outputs are not.
 */
export function isTerminal(descriptor: 1 | 2): boolean {
	const known = terminals.get(descriptor) ?? (mayBeTerminal(descriptor) && isatty(descriptor));
	terminals.set(descriptor, known);
	return known;
}

/**
 * The terminal's width in columns. node's own stream asks for it (TIOCGWINSZ of ioctl_tty(2)), which takes milliseconds: only
 * output for people asks. Undefined when the descriptor is no terminal, or its width is not known, as on a serial line.
 */
export function columnsOf(descriptor: 1 | 2): number | undefined {
	if (!isTerminal(descriptor)) return undefined;
	const { columns } = descriptor === 1 ? process.stdout : process.stderr;
	return columns > 0 ? columns : undefined;
}

const isatty = (descriptor: number): boolean => process.getBuiltinModule("node:tty").isatty(descriptor);

function mayBeTerminal(descriptor: number): boolean {
	try {
		const stat = fstatSync(descriptor);
		return stat.isCharacterDevice() && !isNullDevice(stat);
	} catch {
		// The descriptor is closed.
		return false;
	}
}

/**
 * Writes all of the content, a character of a string as one byte, and blocks while the reader is slow.
 * @throws {Refusal} such as EPIPE when the reader has gone
 */
export function writeStandard(descriptor: 1 | 2, content: string | Uint8Array): void {
	let rest = typeof content === "string" ? encode(content) : content;
	while (rest.length > 0) {
		try {
			rest = rest.subarray(writeSync(descriptor, rest));
		} catch (thrown) {
			const refusal = refusalFor("write", names[descriptor] ?? "", thrown);
			if (refusal.code !== "EAGAIN") throw refusal;
			// EAGAIN: another process has made the pipe non-blocking, and it is full.
			Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
		}
	}
}

/** A string with a character above U+00FF, such as a message of node's own, is text, and is encoded as UTF-8. */
function encode(string: string): Buffer {
	return Buffer.from(/[^\0-\xff]/.test(string) ? bytesOf(string) : string, "latin1");
}
