// Replaces a set of files as depmod must: a disk that is full or a file that cannot be replaced leaves all of the old ones, and
// a machine that loses power none that is cut short. Only if that, or a kill, happens between two renames are some old and some new,
// in an order in which that does no harm; the drafts that are left say so, and the next one who publishes there removes them.

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
	/** A second name of the file that is there, for as long as it may be put back. */
	old?: string;
};

/** Nobody takes as long to publish what is written. In milliseconds. */
const DEAD_AFTER = 3_600_000;

/**
 * All are on the disk beside the old ones before the first takes its name. @param alone whether a lock keeps others from it, so that
 * every draft that is there is a dead process's. @param deadAfter else: milliseconds after which a draft that nobody has touched is.
 * @throws {Refusal} with the file's path
 */
export async function publish(
	directory: string,
	files: ReadonlyMap<string, Uint8Array>,
	alone = false,
	deadAfter = DEAD_AFTER,
): Promise<void> {
	orRefuse("make", directory, () => mkdirSync(onDisk(directory), { recursive: true, mode: 0o755 }));
	if (alone) removeDrafts(directory, () => true);
	const pending: Pending[] = [];
	try {
		for (const name of inOrderOfPublication(files.keys())) pending.push(write(join(directory, name), files.get(name)!));
		if (!alone && pending[0] !== undefined) removeOldDrafts(directory, pending[0].draft, deadAfter);
		giveTime(pending);
		// At once: a journal then has one or two commits in place of a dozen.
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
 * Those of dead processes, told by their ctime: a second name of an index has the index's mtime, which may be years ago, but
 * link(2) sets the ctime. @param own has the time of the file system's clock, which may be another machine's.
 */
function removeOldDrafts(directory: string, { fd }: Draft, deadAfter: number): void {
	removeDrafts(directory, (path) => {
		return fd !== undefined && lstatSync(onDisk(path)).ctimeMs < fstatSync(fd).ctimeMs - deadAfter;
	});
}

/** Removes what it can: drafts that stay take room, and no more. */
function removeDrafts(directory: string, isDead: (path: string) => boolean): void {
	for (const name of listDrafts(directory)) {
		const path = join(directory, name);
		try {
			if (isDead(path)) removeDraft(path);
		} catch {
			// Another process may have removed or renamed it meanwhile.
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

/** Gives all of them one time, by which a run is told; none of them where the file system takes none. */
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

/** Waits for all of them: what is still being written to the disk must not be closed. */
async function syncAll(pending: readonly Pending[]): Promise<void> {
	const synced = pending.map(async ({ draft, path }) => {
		if (draft.fd !== undefined) await syncFile(draft.fd).catch((thrown) => failSync(path, thrown));
	});
	for (const one of await Promise.allSettled(synced)) if (one.status === "rejected") throw one.reason;
}

const syncFile = (fd: number): Promise<void> => promisify(fsync)(fd);

/** These errnos say that the file system has no fsync(2): there is nothing to wait for. */
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
		// Some file systems have no links. What is no file could be read without end.
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

/** Gives all files their names, or none: the old ones are kept until the directory is on the disk. */
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

/** The last one first: so each mixture on the way is as harmless. A file that cannot be put back keeps its second name, which tells that. */
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
