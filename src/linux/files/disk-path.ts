// Converts paths, which are byte strings in this project, to the arguments of node's functions.

import { Refusal } from "../../libkmod/kernel/kernel.js";
import { isAscii, isUtf8, textOf } from "../../libkmod/text/byte-strings.js";

/**
 * For a function on files: an ASCII path stays a string. Any other becomes a Buffer, since node would encode the string as UTF-8.
 */
export function onDisk(path: string): string | Buffer {
	return isAscii(path) ? path : Buffer.from(path, "latin1");
}

/** For a socket: node takes its path only as text. @throws {Refusal} EINVAL when the path is not valid UTF-8 */
export function socketPath(operation: string, path: string): string {
	if (!isUtf8(path)) throw new Refusal({ operation, subject: path, code: "EINVAL" });
	return textOf(path);
}
