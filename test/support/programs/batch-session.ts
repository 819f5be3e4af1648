// A script of threads for the tests of src/linux/fleet: answers each batch with its lines. A line "die" ends the thread, "fill" takes
// memory until the thread has none left, "slow" takes a while, and a task "broken" never begins.

import { answerBatches, threadTask } from "../../../src/linux/fleet/batch-thread.js";
import type { Answered, LineBatch } from "../../../src/ports/fleet.js";

if (threadTask() === "broken") throw new Error("a thread that does not begin");

const SLOW_MILLISECONDS = 20;

function obey(line: string): void {
	if (line === "die") process.exit(3);
	if (line === "slow") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SLOW_MILLISECONDS);
	if (line === "fill") for (const filled: unknown[] = []; ; ) filled.push(new Array<number>(1_000_000).fill(0.5));
}

async function answer({ firstLine, bytes, refused }: LineBatch): Promise<Answered> {
	if (refused !== undefined) return { answer: [`${firstLine}: ${refused}`] };
	const lines = bytes.toString("latin1").replace(/\n$/, "").split("\n");
	for (const line of lines) obey(line);
	return { answer: lines.map((line, number) => `${firstLine + number}: ${line}`) };
}

answerBatches(Promise.resolve(answer));
