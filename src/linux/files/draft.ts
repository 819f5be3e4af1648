// A file that is written beside another until it may take that one's name: nobody can know its name before, nothing that is there
// is written through, and its mode is the one that is asked for, whatever the umask is.

import { randomBytes } from "node:crypto";
import { closeSync, constants, fchmodSync, fstatSync, openSync, unlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { onDisk } from "./disk-path.js";

/** It is open as long as it has a descriptor. */
export type Draft = { readonly path: string; fd: number | undefined };

/** Random names are hardly ever taken; where one is, another is tried, so often at most. */
const TRIES = 16;
/** How much of the file's own name a draft's has, for people: a name has 255 bytes at most, and some file systems take UTF-8 alone. */
const SHOWN = /^[ -~]{0,48}/;

/** What follows the dot, the file's own name and another dot in a draft's name. */
export const unpredictable = (): string => randomBytes(12).toString("hex");

/** Hidden, so that nobody takes it for one more such file. */
export const draftName = (path: string, end: string): string =>
	join(dirname(path), `.${SHOWN.exec(basename(path))}.${unpredictable()}${end}`);

/**
 * Writes the whole of it, and leaves it open. Nothing is left of what could not be written.
 * @param name gives another name each time. @throws what node throws
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

/** @param make fails with EEXIST where the name is taken */
export function withFreeName<T>(name: () => string, make: (path: string) => T): T {
	for (let tries = 1; ; tries++) {
		try {
			return make(name());
		} catch (thrown) {
			if ((thrown as NodeJS.ErrnoException).code !== "EEXIST" || tries === TRIES) throw thrown;
		}
	}
}

/** A file system that knows no modes refuses another one: the umask can only have made it smaller. */
function giveMode(fd: number, mode: number): void {
	try {
		if ((fstatSync(fd).mode & 0o7777) !== mode) fchmodSync(fd, mode);
	} catch {
		// What is in it counts for more.
	}
}

/** @throws what close(2) tells of what was written */
export function closeDraft(draft: Draft): void {
	const { fd } = draft;
	// Whatever close(2) says the descriptor is gone, and may be another file's.
	draft.fd = undefined;
	if (fd !== undefined) closeSync(fd);
}

/** Nothing of it is to be left. Why it is dropped is what is to be told, and not why it could not be. */
export function dropDraft(draft: Draft): void {
	try {
		closeDraft(draft);
	} catch {
		// Nobody will read it.
	}
	removeDraft(draft.path);
}

export function removeDraft(path: string): void {
	try {
		unlinkSync(onDisk(path));
	} catch {
		// It has taken its file's name; or the next one who writes there removes it.
	}
}
