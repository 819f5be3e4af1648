// Writes a file that a user has named as a command's output: in place, since the path may be a device or a pipe; by an atomic
// replacement, when other processes read the file at any time; or whole, when the file is to outlast a power failure.

import { fsyncSync, mkdirSync, realpathSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
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
 * power failure. A symbolic link is followed. A device or pipe is refused.
 * @throws {Refusal} of the operation "write" or "replace"
 */
export function writeWholeFile(path: string, content: string | Uint8Array): void {
	orRefuse("write", path, () => {
		const target = findRegular(path);
		const draft = writeDraft(() => draftName(target, ""), content, 0o644);
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

/** The path without symbolic links, or the path itself where there is no file yet. @throws {Refusal} @throws node's error */
function findRegular(path: string): string {
	try {
		const target = realpathSync.native(onDisk(path), "buffer").toString("latin1");
		if (statSync(onDisk(target)).isFile()) return target;
		throw new Refusal({ operation: "write", subject: path, code: "EINVAL", reason: "it is no regular file" });
	} catch (thrown) {
		if (isAbsent(thrown)) return path;
		throw thrown;
	}
}
