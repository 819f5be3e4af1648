// The side of batch-threads.ts in a thread: works on one batch after the other.

import { parentPort, workerData } from "node:worker_threads";
import type { Answered, Batch } from "../../ports/fleet.js";
import type { BatchMessage } from "./batch-threads.js";

/** The thread's task, as the main thread gave it. */
export const threadTask = (): unknown => workerData;

/** @param work answers a batch */
export function answerBatches(work: (batch: Batch) => Answered): void {
	parentPort?.on("message", ({ firstLine, memory, start, end, refused }: BatchMessage) => {
		const bytes = Buffer.from(memory, start, end - start);
		const { answer, transfer = [] } = work({ firstLine, bytes, ...(refused !== undefined && { refused }) });
		parentPort?.postMessage({ answer }, transfer);
	});
}
