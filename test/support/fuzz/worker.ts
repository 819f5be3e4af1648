// A thread of the fuzz driver: gets a stretch as a message, and answers with the result.
import { parentPort, workerData } from "node:worker_threads";
import { fuzzFormats } from "./formats.js";
import { type Inputs, inputsOf } from "./inputs.js";
import { runStretch, type Stretch } from "./stretch.js";

/** The number of the input that is being read, which the driver's thread watches. */
const watched = new Int32Array(workerData as SharedArrayBuffer);

/** The inputs by format: all stretches have the same seed. */
const inputs = new Map<string, Inputs>();

parentPort?.on("message", (stretch: Stretch) => {
	const format = fuzzFormats.find(({ name }) => name === stretch.format);
	if (format === undefined) throw new Error(`no format is named ${stretch.format}`);
	const known = inputs.get(format.name) ?? inputsOf(format, stretch.seed);
	inputs.set(format.name, known);
	parentPort?.postMessage(runStretch(format, known, stretch, (number) => Atomics.store(watched, 0, number)));
});
