// Sizes the thread pool, begins insertions that sleep until one file exists, and reads another file when enough of them sleep and
// time has passed for one more to begin; then releases the insertions. Prints how many slept, and what was read. Arguments: how
// many may sleep at once, how many to begin, how many are expected to sleep at once, a folder to work in, the stand-in's record.
// Runs as CommonJS, like the executable.

import { readFileSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { openKernel } from "../../../src/linux/modules/kernel.js";
import { sizeThreadPool } from "../../../src/linux/native/thread-pool.js";

async function sleepTogether(
	parallel: number,
	count: number,
	expected: number,
	folder: string,
	record: string,
): Promise<void> {
	sizeThreadPool(parallel);
	const kernel = openKernel();
	const release = join(folder, "release");
	const module = join(folder, "x.ko");
	writeFileSync(module, "no module at all");
	const insertions = Array.from({ length: count }, () => kernel.insert(module, `standin.until=${release}`));
	await setTimeout(1);
	while (asleep(record) < expected) await setTimeout(5);
	await setTimeout(100);
	const sleeping = asleep(record);
	const read = await Promise.all(Array.from({ length: 8 }, () => readFile(module, "utf8")));
	const sleepingAfterReads = asleep(record);
	writeFileSync(release, "");
	await Promise.all(insertions);
	console.log(JSON.stringify({ sleeping, sleepingAfterReads, read: new Set(read).size, done: asleep(record) }));
}

function asleep(record: string): number {
	try {
		return readFileSync(record, "utf8").split("\n").length - 1;
	} catch {
		return 0;
	}
}

const [parallel, count, expected, folder, record] = process.argv.slice(2);
void sleepTogether(Number(parallel), Number(count), Number(expected), folder!, record!);
