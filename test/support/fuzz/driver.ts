// The fuzz driver: reads inputs of every format, stretch by stretch, on every core; counts for each format the accepted and
// refused inputs; writes each failing input, made as small as possible, to a file. The same seed makes the same inputs, whatever
// the number of threads.
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { fuzzFormats } from "./formats.js";
import type { Found, Stretch, StretchResult } from "./stretch.js";

const STRETCH = 5000;
/**
 * An input that takes so long hangs its reader. A whole stretch takes less than a tenth of it, an input less than a thousandth.
 */
const HANGS_MILLISECONDS = 60_000;
const LEAST_SHARE = 0.05;
/** The least share of all inputs that each format gets, however many formats there are: 300,000 of ten million. */
const LEAST_PART = 0.03;

export type FuzzOptions = {
	/** Inputs of all formats together. With many formats there are more: each format has its least share. */
	readonly inputs: number;
	readonly seed: number;
	/** The directory for inputs that a reader got wrong. */
	readonly folder: string;
	/** Only formats whose names contain this text. Undefined means all formats. */
	readonly only?: string;
	readonly say: (line: string) => void;
};

type Sum = { accepted: number; refused: number; milliseconds: number };

/** Resolves to whether every reader was right. */
export async function fuzz({ inputs, seed, folder, only = "", say }: FuzzOptions): Promise<boolean> {
	const formats = fuzzFormats.filter(({ name }) => name.includes(only));
	const each = Math.ceil(inputs * Math.max(1 / formats.length, only === "" ? LEAST_PART : 0));
	say(`seed ${seed}: ${each} inputs of each of ${formats.length} formats, ${each * formats.length} in all`);
	const stretches: Stretch[] = [];
	// The formats take turns, so that an interrupted run has met every format.
	for (let from = 0; from < each; from += STRETCH)
		for (const { name } of formats) stretches.push({ format: name, seed, from, count: Math.min(STRETCH, each - from) });
	const sums = new Map(formats.map(({ name }): [string, Sum] => [name, { accepted: 0, refused: 0, milliseconds: 0 }]));
	const found: Found[] = [];
	const begun = performance.now();
	const all = stretches.length;
	let done = 0;
	const take = (result: StretchResult): void => {
		const sum = sums.get(result.format)!;
		sum.accepted += result.accepted;
		sum.refused += result.refused;
		sum.milliseconds += result.milliseconds;
		found.push(...result.found);
		for (const one of result.found) say(writeDown(one, seed, folder));
		if (++done % Math.ceil(all / 10) === 0)
			say(`${Math.round((100 * done) / all)} % after ${seconds(performance.now() - begun)} s`);
	};
	await Promise.all(Array.from({ length: availableParallelism() }, () => work(stretches, take)));
	const uneven = tell(sums, say);
	for (const line of uneven) say(line);
	say(`seed ${seed}, ${seconds(performance.now() - begun)} s, ${found.length} inputs that a reader got wrong`);
	return found.length === 0 && uneven.length === 0;
}

const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(0);

/** One thread's share of the stretches. A thread that reads one input for ever is ended, and that input is a finding. */
function work(stretches: Stretch[], take: (result: StretchResult) => void): Promise<void> {
	const shared = new SharedArrayBuffer(4);
	const watched = new Int32Array(shared);
	const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData: shared });
	return new Promise((resolve, reject) => {
		let current: Stretch | undefined;
		let last = { number: -1, at: performance.now() };
		const next = (): void => {
			current = stretches.shift();
			last = { number: -1, at: performance.now() };
			if (current !== undefined) worker.postMessage(current);
			else end(resolve);
		};
		const watch = setInterval(() => {
			const number = Atomics.load(watched, 0);
			if (number !== last.number) last = { number, at: performance.now() };
			else if (performance.now() - last.at > HANGS_MILLISECONDS && current !== undefined) {
				const wrong = `takes longer than ${HANGS_MILLISECONDS} ms`;
				take({
					format: current.format,
					accepted: 0,
					refused: 0,
					milliseconds: 0,
					found: [{ format: current.format, number, wrong, smallest: Buffer.alloc(0) }],
				});
				end(() => work(stretches, take).then(resolve, reject));
			}
		}, 1000);
		const end = (then: () => void): void => {
			clearInterval(watch);
			worker.removeAllListeners();
			worker.terminate().then(then, reject);
		};
		worker.on("message", (result: StretchResult) => {
			take(result);
			next();
		});
		worker.once("error", (error) => {
			clearInterval(watch);
			reject(error);
		});
		next();
	});
}

/** Writes a finding to a file. The file's name has the seed and number that make the input again. */
function writeDown({ format, number, wrong, smallest }: Found, seed: number, folder: string): string {
	mkdirSync(folder, { recursive: true });
	const file = join(folder, `${format.replace(/[^a-z0-9]+/gi, "-")}-seed${seed}-input${number}.bin`);
	writeFileSync(file, smallest);
	const [first] = wrong.split("\n    at Object.read");
	return `${format}, input ${number} of seed ${seed}: ${first}\n    as small as it gets (${smallest.length} bytes): ${file}`;
}

/** Prints the table. Returns the formats of which too few inputs were accepted, or refused. */
function tell(sums: ReadonlyMap<string, Sum>, say: (line: string) => void): string[] {
	const uneven: string[] = [];
	say(
		`${"format".padEnd(50)} ${"inputs".padStart(9)} ${"accepted".padStart(9)} ${"refused".padStart(9)} ${"us each".padStart(8)}`,
	);
	let inputs = 0;
	for (const [name, { accepted, refused, milliseconds }] of sums) {
		const count = accepted + refused;
		inputs += count;
		const share = (part: number): string => `${((100 * part) / count).toFixed(1)} %`;
		say(
			`${name.padEnd(50)} ${String(count).padStart(9)} ${share(accepted).padStart(9)} ${share(refused).padStart(9)} ${((1000 * milliseconds) / count).toFixed(1).padStart(8)}`,
		);
		if (Math.min(accepted, refused) < LEAST_SHARE * count)
			uneven.push(`${name}: too few were ${accepted < refused ? "accepted" : "refused"}`);
	}
	say(`${"all".padEnd(50)} ${String(inputs).padStart(9)}`);
	return uneven;
}
