// Paths, which are byte strings here, as node's functions take them.

import { Refusal } from "../../libkmod/kernel/kernel.js";
import { isAscii, isUtf8, textOf } from "../../libkmod/text/byte-strings.js";

/** For a function on files: what is ASCII as it is, else a Buffer, since node would write any other string in UTF-8. */
export function onDisk(path: string): string | Buffer {
	return isAscii(path) ? path : Buffer.from(path, "latin1");
}

/** For a socket, whose path node takes as text alone. @throws {Refusal} EINVAL where it is no UTF-8 */
export function socketPath(operation: string, path: string): string {
	if (!isUtf8(path)) throw new Refusal({ operation, subject: path, code: "EINVAL" });
	return textOf(path);
}
