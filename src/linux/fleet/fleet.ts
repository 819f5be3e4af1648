// A fleet's captures: the input is read and split on this thread, threads work on the lines, and this thread hands over the answers.

import { availableParallelism } from "node:os";
import type { Fleet, FleetOptions } from "../../ports/fleet.js";
import { BatchThreads } from "./batch-threads.js";
import { type ByteSource, openSource } from "./byte-source.js";
import { decompressed } from "./decompressed.js";
import { growFile, printSoon } from "./growing-file.js";
import { LineBatches } from "./line-batches.js";

/** @param script the path of the threads' script @param threads how many: one for each core, unless a test says otherwise */
export function openFleet(script: string, threads = Math.max(1, availableParallelism())): Fleet {
	return { answerLines: (options) => answerLines(options, script, threads), print: printSoon, growFile };
}

async function answerLines<Answer>(options: FleetOptions<Answer>, script: string, threads: number): Promise<void> {
	const { input, task } = options;
	const source = await openSource(input);
	const batches = new LineBatches();
	const pool = new BatchThreads({
		script,
		task,
		threads,
		onAnswer: (answer) => options.onAnswer(answer as Answer),
		onDone: (batch) => batches.reuse(batch),
		onIdle: () => postLines(batches, pool),
	});
	try {
		await Promise.race([pool.failed, readLines(source, input, batches, pool)]);
	} finally {
		await pool.end();
		source.close();
	}
}

/** When the input cannot be read to its end, its whole lines so far are answered before that is said. */
async function readLines(source: ByteSource, input: string, batches: LineBatches, pool: BatchThreads): Promise<void> {
	let isWhole = false;
	try {
		for await (const piece of decompressed(source.pieces, input)) {
			for (let rest = batches.add(piece); ; rest = batches.add(rest)) {
				if (rest.length > 0) await pool.room();
				if (rest.length > 0 || pool.isIdle) postLines(batches, pool);
				if (rest.length === 0) break;
			}
		}
		isWhole = true;
	} finally {
		await pool.room();
		postLines(batches, pool, isWhole);
		await pool.finish();
	}
}

function postLines(batches: LineBatches, pool: BatchThreads, isEnd = false): void {
	const batch = batches.take(isEnd);
	if (batch !== undefined) pool.post(batch);
}
