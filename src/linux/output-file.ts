// A file that a user has asked for as a command's output. It is written in place, as it may as well be a device or a pipe; or
// replaced, where others read it at any time.

import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { refusalFor } from "./refusal.js";

/** Makes the directories above it where there are none. @throws {Refusal} of the operation "mkdir" or "write" */
export function writeOutputFile(path: string, content: string | Uint8Array): void {
	attempt("mkdir", dirname(path), () => mkdirSync(dirname(path), { recursive: true, mode: 0o755 }));
	attempt("write", path, () => writeFileSync(path, content));
}

/**
 * Whoever reads it meanwhile reads the old one or the new one, whole. The draft beside it is hidden and ends in another way, so
 * that nobody takes it for one more such file. It is not forced to the disk: it is soon replaced again.
 * @throws {Refusal} of the operation "write" or "replace"
 */
export function replaceOutputFile(path: string, content: string): void {
	const draft = join(dirname(path), `.${basename(path)}.${process.pid}`);
	try {
		// Made anew: a link that somebody has put there is not followed.
		rmSync(draft, { force: true });
		attempt("write", path, () => writeFileSync(draft, content, { mode: 0o644, flag: "wx" }));
		attempt("replace", path, () => renameSync(draft, path));
	} catch (refusal) {
		rmSync(draft, { force: true });
		throw refusal;
	}
}

function attempt(operation: string, subject: string, act: () => void): void {
	try {
		act();
	} catch (thrown) {
		throw refusalFor(operation, subject, thrown);
	}
}
