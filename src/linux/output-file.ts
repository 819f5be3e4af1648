// A file that a user has asked for as a command's output. It is written in place, as it may as well be a device or a pipe.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { refusalFor } from "./refusal.js";

/** Makes the directories above it where there are none. @throws {Refusal} of the operation "mkdir" or "write" */
export function writeOutputFile(path: string, content: string | Uint8Array): void {
	attempt("mkdir", dirname(path), () => mkdirSync(dirname(path), { recursive: true, mode: 0o755 }));
	attempt("write", path, () => writeFileSync(path, content));
}

function attempt(operation: string, subject: string, act: () => void): void {
	try {
		act();
	} catch (thrown) {
		throw refusalFor(operation, subject, thrown);
	}
}
