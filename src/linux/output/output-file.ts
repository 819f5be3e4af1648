// A file that a user has asked for as a command's output. It is written in place, as it may as well be a device or a pipe; or
// replaced, where others read it at any time.

import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { onDisk } from "../files/disk-path.js";
import { closeDraft, draftName, dropDraft, writeDraft } from "../files/draft.js";
import { orRefuse } from "../files/refusal.js";

/** Makes the directories above it where there are none. @throws {Refusal} of the operation "mkdir" or "write" */
export function writeOutputFile(path: string, content: string | Uint8Array): void {
	orRefuse("mkdir", dirname(path), () => mkdirSync(onDisk(dirname(path)), { recursive: true, mode: 0o755 }));
	orRefuse("write", path, () => writeFileSync(onDisk(path), content, "latin1"));
}

/**
 * Whoever reads it meanwhile reads the old one or the new one, whole, and so may everybody. The draft beside it ends in another
 * way, so that nobody takes it for one more such file. It is not forced to the disk: it is soon replaced again.
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
