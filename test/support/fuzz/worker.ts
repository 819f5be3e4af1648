// A thread of the fuzz driver: it is told a stretch, and answers what came of it.
import { parentPort, workerData } from "node:worker_threads";
import { fuzzFormats } from "./formats.js";
import { type Inputs, inputsOf } from "./inputs.js";
import { runStretch, type Stretch } from "./stretch.js";

/** The number of the input that is being read, for whoever watches. */
const watched = new Int32Array(workerData as SharedArrayBuffer);

/** By format: all stretches have one seed. */
const inputs = new Map<string, Inputs>();

parentPort?.on("message", (stretch: Stretch) => {
	const format = fuzzFormats.find(({ name }) => name === stretch.format);
	if (format === undefined) throw new Error(`no format is named ${stretch.format}`);
	const known = inputs.get(format.name) ?? inputsOf(format, stretch.seed);
	inputs.set(format.name, known);
	parentPort?.postMessage(runStretch(format, known, stretch, (number) => Atomics.store(watched, 0, number)));
});
