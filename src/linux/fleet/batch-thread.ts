// The side of batch-threads.ts in a thread: works on one batch after the other.

import { parentPort, workerData } from "node:worker_threads";
import type { Answered, LineBatch } from "../../ports/fleet.js";
import type { BatchMessage } from "./batch-threads.js";

/** The thread's task, as the main thread gave it. */
export const threadTask = (): unknown => workerData;

/** @param opened what answers a batch, once it is ready: one batch after the other */
export function answerBatches(opened: Promise<(batch: LineBatch) => Promise<Answered>>): void {
	let last: Promise<unknown> = opened;
	parentPort?.on("message", ({ firstLine, memory, start, end, refused }: BatchMessage) => {
		const bytes = Buffer.from(memory, start, end - start);
		const batch = { firstLine, bytes, ...(refused !== undefined && { refused }) };
		last = last.then(async () => {
			const { answer, transfer = [] } = await (await opened)(batch);
			parentPort?.postMessage({ answer }, transfer);
		});
	});
}
