// Writes a file that a user has named as a command's output: in place, since the path may be a device or a pipe; by an atomic
// replacement, when other processes read the file at any time; or whole, when the file is to outlast a power failure.

import { fsyncSync, mkdirSync, readlinkSync, realpathSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { onDisk } from "../files/disk-path.js";
import { closeDraft, draftName, dropDraft, writeDraft } from "../files/draft.js";
import { isAbsent, orRefuse } from "../files/refusal.js";

/** Writes a file in place, and makes the directories above it. @throws {Refusal} of the operation "mkdir" or "write" */
export function writeOutputFile(path: string, content: string | Uint8Array): void {
	orRefuse("mkdir", dirname(path), () => mkdirSync(onDisk(dirname(path)), { recursive: true, mode: 0o755 }));
	orRefuse("write", path, () => writeFileSync(onDisk(path), content, "latin1"));
}

/**
 * Replaces a file atomically, with a mode that lets every user read it: a reader sees the old or the new content, whole. The name
 * of the draft beside it has another ending, so that readers of the directory do not take it for one more such file. There is no
 * fsync(2), since the file is soon replaced again.
 * @throws {Refusal} of the operation "write" or "replace"
 */
export function replaceOutputFile(path: string, content: string): void {
	orRefuse("write", path, () => {
		const draft = writeDraft(() => draftName(path, ""), content, 0o644);
		try {
			closeDraft(draft);
			orRefuse("replace", path, () => renameSync(onDisk(draft.path), onDisk(path)));
		} catch (thrown) {
			dropDraft(draft);
			throw thrown;
		}
	});
}

/**
 * Writes a regular file, or replaces it: a reader sees the old or the new content, whole, and so does whoever reads it after a
 * power failure. A symbolic link is followed, and a file that is there keeps its mode. A device or pipe is refused.
 * @throws {Refusal} of the operation "write" or "replace"
 */
export function writeWholeFile(path: string, content: string | Uint8Array): void {
	orRefuse("write", path, () => {
		const { target, mode } = findRegular(path);
		const draft = writeDraft(() => draftName(target, ""), content, mode);
		try {
			if (draft.fd !== undefined) fsyncSync(draft.fd);
			closeDraft(draft);
			orRefuse("replace", path, () => renameSync(onDisk(draft.path), onDisk(target)));
		} catch (thrown) {
			dropDraft(draft);
			throw thrown;
		}
	});
}

/** The path without symbolic links, and the mode of its file, or of a new file. @throws {Refusal} @throws node's error */
export function findRegular(path: string): { readonly target: string; readonly mode: number } {
	try {
		const target = realPath(path);
		const stat = statSync(onDisk(target));
		if (stat.isFile()) return { target, mode: stat.mode & 0o777 };
		throw new Refusal({ operation: "write", subject: path, code: "EINVAL", reason: "it is no regular file" });
	} catch (thrown) {
		if (!isAbsent(thrown)) throw thrown;
		const next = followLink(path);
		return next === undefined ? { target: path, mode: 0o644 } : findRegular(next);
	}
}

/** Where a link leads to, whose target is absent. Links in a circle are an error before. */
function followLink(path: string): string | undefined {
	try {
		return resolve(realPath(dirname(path)), readlinkSync(onDisk(path), "buffer").toString("latin1"));
	} catch {
		// It is no link, or its directory is absent, which is told when the draft is made.
		return undefined;
	}
}

const realPath = (path: string): string => realpathSync.native(onDisk(path), "buffer").toString("latin1");
