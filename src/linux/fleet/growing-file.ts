// Writes output piece by piece without blocking this thread: to standard output, and to a draft that becomes a file at its end.

import { fsync, renameSync, write } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import type { GrowingFile } from "../../ports/fleet.js";
import { onDisk } from "../files/disk-path.js";
import { closeDraft, draftName, dropDraft, writeDraft } from "../files/draft.js";
import { orRefuse, refusalFor } from "../files/refusal.js";
import { findRegular } from "../output/output-file.js";

const writeLater = promisify(write);
const sync = promisify(fsync);

const STANDARD_OUTPUT = 1;

/** Writes to standard output. @throws {Refusal} by "write", such as EPIPE when the reader has gone */
export const printSoon = (bytes: Uint8Array): Promise<void> => writeAll(STANDARD_OUTPUT, bytes, "standard output");

/** Milliseconds until a pipe that another process has made non-blocking, and that is full, is tried again. */
const PAUSE_MILLISECONDS = 5;

async function writeAll(fd: number, bytes: Uint8Array, path: string): Promise<void> {
	for (let rest = bytes; rest.length > 0; ) {
		try {
			rest = rest.subarray((await writeLater(fd, rest)).bytesWritten);
		} catch (thrown) {
			if ((thrown as NodeJS.ErrnoException).code !== "EAGAIN") throw refusalFor("write", path, thrown);
			await pause(PAUSE_MILLISECONDS);
		}
	}
}

/** See the port. */
export async function growFile(path: string): Promise<GrowingFile> {
	return orRefuse("write", path, () => {
		const { target, mode } = findRegular(path);
		const draft = writeDraft(() => draftName(target, ""), "", mode);
		return {
			async write(bytes) {
				if (draft.fd !== undefined) await writeAll(draft.fd, bytes, path);
			},
			async finish() {
				try {
					if (draft.fd !== undefined) await sync(draft.fd);
					orRefuse("write", path, () => closeDraft(draft));
					orRefuse("replace", path, () => renameSync(onDisk(draft.path), onDisk(target)));
				} catch (thrown) {
					dropDraft(draft);
					throw refusalFor("write", path, thrown);
				}
			},
			drop() {
				if (draft.fd !== undefined) dropDraft(draft);
			},
		};
	});
}
