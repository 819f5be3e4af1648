// The fuzz driver: inputs of every format, stretch by stretch, on every core; what was accepted and refused of each; what is wrong,
// as small as it gets, in files. The same seed makes the same inputs, whatever the number of threads.
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { fuzzFormats } from "./formats.js";
import type { Found, Stretch, StretchResult } from "./stretch.js";

const STRETCH = 5000;
/** No stretch takes a tenth of it, and no input a thousandth. */
const HANGS_MILLISECONDS = 60_000;
const LEAST_SHARE = 0.05;
/** Of all inputs that are asked for, each format has so many, however many formats there are: of ten million 300,000. */
const LEAST_PART = 0.03;

export type FuzzOptions = {
	/** Of all formats together, or more where there are many: each has its part. */
	readonly inputs: number;
	readonly seed: number;
	/** Where inputs are put that a reader got wrong. */
	readonly folder: string;
	/** Formats whose name has this in it; all of them otherwise. */
	readonly only?: string;
	readonly say: (line: string) => void;
};

type Sum = { accepted: number; refused: number; milliseconds: number };

/** Whether all went well. */
export async function fuzz({ inputs, seed, folder, only = "", say }: FuzzOptions): Promise<boolean> {
	const formats = fuzzFormats.filter(({ name }) => name.includes(only));
	const each = Math.ceil(inputs * Math.max(1 / formats.length, only === "" ? LEAST_PART : 0));
	say(`seed ${seed}: ${each} inputs of each of ${formats.length} formats, ${each * formats.length} in all`);
	const stretches: Stretch[] = [];
	// By turns, so that a run that is broken off has met every format.
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

/** One thread's share of the stretches. One that reads an input for ever is ended, and that input is what was found. */
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

/** The file's name says what makes the input again. */
function writeDown({ format, number, wrong, smallest }: Found, seed: number, folder: string): string {
	mkdirSync(folder, { recursive: true });
	const file = join(folder, `${format.replace(/[^a-z0-9]+/gi, "-")}-seed${seed}-input${number}.bin`);
	writeFileSync(file, smallest);
	const [first] = wrong.split("\n    at Object.read");
	return `${format}, input ${number} of seed ${seed}: ${first}\n    as small as it gets (${smallest.length} bytes): ${file}`;
}

/** The table; and the formats of which too few inputs were accepted, or refused. */
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
