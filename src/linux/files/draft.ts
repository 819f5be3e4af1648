// A draft: a new file that is written beside an old one, and then renamed over it. The draft's name is unpredictable, no existing
// file or link is written through, and the mode is the one that is asked for, whatever the umask.

import { randomBytes } from "node:crypto";
import { closeSync, constants, fchmodSync, fstatSync, openSync, unlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { onDisk } from "./disk-path.js";

/** A draft is open as long as it has a file descriptor. */
export type Draft = { readonly path: string; fd: number | undefined };

/** The most names that are tried: a random name is hardly ever taken. */
const TRIES = 16;
/**
 * The part of the file's own name that a draft's name shows to people. A name has at most 255 bytes, and some file systems take
 * only UTF-8.
 */
const SHOWN = /^[ -~]{0,48}/;

/** The random part of a draft's name, after the dot, the file's own name and another dot. */
export const unpredictable = (): string => randomBytes(12).toString("hex");

/** The path of a draft. Its name is hidden, so that readers of the directory do not take it for one more file of the kind. */
export const draftName = (path: string, end: string): string =>
	join(dirname(path), `.${SHOWN.exec(basename(path))}.${unpredictable()}${end}`);

/**
 * Writes a whole draft, and leaves it open. When writing fails the draft is removed.
 * @param name gives another path at each call
 * @throws node's error
 */
export function writeDraft(name: () => string, content: string | Uint8Array, mode: number): Draft {
	const draft = withFreeName(name, (path) => ({ path, fd: openSync(onDisk(path), FLAGS, mode) }));
	try {
		giveMode(draft.fd, mode);
		writeFileSync(draft.fd, content, "latin1");
		return draft;
	} catch (thrown) {
		dropDraft(draft);
		throw thrown;
	}
}

const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Calls `make` with another name until one is free. @param make fails with EEXIST when the name is taken */
export function withFreeName<T>(name: () => string, make: (path: string) => T): T {
	for (let tries = 1; ; tries++) {
		try {
			return make(name());
		} catch (thrown) {
			if ((thrown as NodeJS.ErrnoException).code !== "EEXIST" || tries === TRIES) throw thrown;
		}
	}
}

/**
 * Sets the mode without the umask. A file system without modes refuses, which is safe: the umask can only have taken rights away.
 */
function giveMode(fd: number, mode: number): void {
	try {
		if ((fstatSync(fd).mode & 0o7777) !== mode) fchmodSync(fd, mode);
	} catch {
		// The content matters more than the mode.
	}
}

/** @throws the error of close(2), which may report that a write has failed */
export function closeDraft(draft: Draft): void {
	const { fd } = draft;
	// close(2) frees the descriptor even if it fails, and another file may have its number then.
	draft.fd = undefined;
	if (fd !== undefined) closeSync(fd);
}

/** Closes and removes a draft. Errors are ignored: the caller reports why the draft is dropped. */
export function dropDraft(draft: Draft): void {
	try {
		closeDraft(draft);
	} catch {
		// The draft is removed anyway.
	}
	removeDraft(draft.path);
}

export function removeDraft(path: string): void {
	try {
		unlinkSync(onDisk(path));
	} catch {
		// The draft has been renamed to its file's name, or cannot be removed: the next process that publishes there removes it.
	}
}
