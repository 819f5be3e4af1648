// Replaces a set of files as depmod must. A full disk, or a file that cannot be replaced, leaves all old files in place. A power
// loss leaves no truncated file. Only a power loss or a kill between two renames leaves some files old and some new, in an order
// in which the mixture is harmless. The drafts that remain then are a sign of it, and the next process that publishes there
// removes them.

import {
	constants,
	copyFileSync,
	fstatSync,
	fsync,
	futimesSync,
	linkSync,
	lstatSync,
	mkdirSync,
	openSync,
	readdirSync,
	renameSync,
	unlinkSync,
	utimesSync,
} from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { DRAFT_END, inOrderOfPublication, isDraft, KEPT_END, timeOfRun } from "../../libkmod/depmod/publication.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { closeQuietly } from "../files/descriptor.js";
import { onDisk } from "../files/disk-path.js";
import { closeDraft, type Draft, draftName, dropDraft, removeDraft, withFreeName, writeDraft } from "../files/draft.js";
import { isAbsent, orRefuse, refusalFor } from "../files/refusal.js";

/** A file that is to appear at `path`. */
type Pending = {
	readonly path: string;
	readonly draft: Draft;
	/** The path of a hard link to, or copy of, the old file, for as long as the old file may have to be restored. */
	old?: string;
};

/** Milliseconds after which an untouched draft counts as left by a dead process: no publication takes as long. */
const DEAD_AFTER_MILLISECONDS = 3_600_000;

/**
 * Writes and syncs all drafts beside the old files before it renames the first.
 * @param alone whether the caller holds the directory's lock, so that every existing draft was left by a dead process
 * @param deadAfter without the lock: milliseconds after which an untouched draft counts as left by a dead process
 * @throws {Refusal} with the file's path
 */
export async function publish(
	directory: string,
	files: ReadonlyMap<string, Uint8Array>,
	alone = false,
	deadAfter = DEAD_AFTER_MILLISECONDS,
): Promise<void> {
	orRefuse("make", directory, () => mkdirSync(onDisk(directory), { recursive: true, mode: 0o755 }));
	if (alone) removeDrafts(directory, () => true);
	const pending: Pending[] = [];
	try {
		for (const name of inOrderOfPublication(files.keys())) pending.push(write(join(directory, name), files.get(name)!));
		if (!alone && pending[0] !== undefined) removeOldDrafts(directory, pending[0].draft, deadAfter);
		giveTime(pending);
		// All files are synced at the same time: the journal of the file system then makes one or two commits instead of a dozen.
		await syncAll(pending);
		for (const { draft, path } of pending) orRefuse("write", path, () => closeDraft(draft));
		for (const it of pending) orRefuse("replace", it.path, () => keepOld(it));
		await replaceAll(directory, pending);
	} finally {
		for (const { draft, old } of pending) {
			dropDraft(draft);
			if (old !== undefined) removeDraft(old);
		}
	}
}

/**
 * Removes the drafts of dead processes, recognised by their ctime: a hard link to an old index has the index's mtime, which may
 * be years ago, but link(2) sets the ctime. The ctime of the caller's own draft is the time of now by the clock of the file
 * system, which may be that of another machine.
 */
function removeOldDrafts(directory: string, { fd }: Draft, deadAfter: number): void {
	removeDrafts(directory, (path) => {
		return fd !== undefined && lstatSync(onDisk(path)).ctimeMs < fstatSync(fd).ctimeMs - deadAfter;
	});
}

/** Removes the drafts that it can remove. A draft that stays only takes space. */
function removeDrafts(directory: string, isDead: (path: string) => boolean): void {
	for (const name of listDrafts(directory)) {
		const path = join(directory, name);
		try {
			if (isDead(path)) removeDraft(path);
		} catch {
			// Another process may have removed or renamed the draft meanwhile.
		}
	}
}

function listDrafts(directory: string): string[] {
	try {
		return readdirSync(onDisk(directory), "latin1").filter(isDraft);
	} catch {
		return [];
	}
}

function write(path: string, content: Uint8Array): Pending {
	const draft = orRefuse("write", path, () => writeDraft(() => draftName(path, DRAFT_END), content, 0o644));
	return { path, draft };
}

/**
 * Gives all files the same mtime, by which the files of one run are recognised. None gets it on a file system that cannot set
 * times.
 */
function giveTime([first, ...others]: readonly Pending[]): void {
	const seconds = first === undefined ? undefined : giveFirstTime(first.draft);
	if (seconds === undefined) return;
	for (const { draft, path } of others)
		if (draft.fd !== undefined) orRefuse("write", path, () => futimesSync(draft.fd!, seconds, seconds));
}

function giveFirstTime({ fd }: Draft): number | undefined {
	try {
		if (fd === undefined) return undefined;
		const seconds = timeOfRun(fstatSync(fd, { bigint: true }).mtimeNs);
		futimesSync(fd, seconds, seconds);
		return seconds;
	} catch {
		return undefined;
	}
}

/** Waits for every fsync(2), even when one fails: a descriptor must not be closed while its fsync(2) is under way. */
async function syncAll(pending: readonly Pending[]): Promise<void> {
	const synced = pending.map(async ({ draft, path }) => {
		if (draft.fd !== undefined) await syncFile(draft.fd).catch((thrown) => failSync(path, thrown));
	});
	for (const one of await Promise.allSettled(synced)) if (one.status === "rejected") throw one.reason;
}

const syncFile = (fd: number): Promise<void> => promisify(fsync)(fd);

/** Ignores the errnos of a file system without fsync(2). @throws {Refusal} for any other error */
function failSync(path: string, thrown: unknown): void {
	const { code } = thrown as NodeJS.ErrnoException;
	if (code !== "EINVAL" && code !== "ENOTSUP" && code !== "ENOSYS") throw refusalFor("sync", path, thrown);
}

function keepOld(it: Pending): void {
	const name = () => draftName(it.path, KEPT_END);
	try {
		it.old = withFreeName(name, (old) => linked(it.path, old));
	} catch (thrown) {
		if (isAbsent(thrown)) return;
		const found = lstatSync(onDisk(it.path), { throwIfNoEntry: false });
		if (found === undefined) return;
		if (found.isDirectory()) throw new Refusal({ operation: "replace", subject: it.path, code: "EISDIR" });
		// A copy, since some file systems have no hard links. Only of a regular file: reading a device or FIFO might never end.
		if (!found.isFile()) throw thrown;
		it.old = withFreeName(name, (old) => copied(it.path, old));
	}
}

function linked(path: string, old: string): string {
	linkSync(onDisk(path), onDisk(old));
	return old;
}

function copied(path: string, old: string): string {
	copyFileSync(onDisk(path), onDisk(old), constants.COPYFILE_EXCL);
	try {
		const { atimeMs, mtimeMs } = lstatSync(onDisk(path));
		utimesSync(onDisk(old), atimeMs / 1000, mtimeMs / 1000);
		return old;
	} catch (thrown) {
		removeDraft(old);
		throw thrown;
	}
}

/** Renames all drafts, or none: the old files are kept until the directory is synced. */
async function replaceAll(directory: string, pending: readonly Pending[]): Promise<void> {
	const replaced: Pending[] = [];
	const fd = orRefuse("sync", directory, () => openSync(onDisk(directory), constants.O_RDONLY | constants.O_DIRECTORY));
	try {
		for (const it of pending) {
			orRefuse("replace", it.path, () => renameSync(onDisk(it.draft.path), onDisk(it.path)));
			replaced.push(it);
		}
		await syncFile(fd).catch((thrown) => failSync(directory, thrown));
	} catch (thrown) {
		putBackAll(replaced.reverse());
		throw thrown;
	} finally {
		closeQuietly(fd);
	}
}

/**
 * Restores the old files, the last one first, so that each mixture on the way is as harmless. For a file that cannot be restored,
 * its link or copy remains as a sign.
 */
function putBackAll(replaced: readonly Pending[]): void {
	let failure: unknown;
	for (const it of replaced) {
		try {
			if (it.old === undefined) unlinkSync(onDisk(it.path));
			else renameSync(onDisk(it.old), onDisk(it.path));
		} catch (thrown) {
			delete it.old;
			failure ??= refusalFor("put back", it.path, thrown);
		}
	}
	if (failure !== undefined) throw failure;
}
