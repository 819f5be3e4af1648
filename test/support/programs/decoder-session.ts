// Prints the available decoders, digests of the folders that are its arguments, and the number of threads that were started for
// them. Run by module-tree.test.ts with an environment of its own.
import { syncBuiltinESMExports } from "node:module";
import threads, { Worker } from "node:worker_threads";
import type { Compression } from "../../../src/linux/decoding/module-file.js";

let started = 0;
threads.Worker = class extends Worker {
	constructor(...given: ConstructorParameters<typeof Worker>) {
		super(...given);
		started++;
	}
};
syncBuiltinESMExports();

const { findDecoder } = await import("../../../src/linux/decoding/module-file.js");
const { digestFolder } = await import("../worlds/digests.js");

const decoders: string[] = [];
for (const compression of ["gzip", "xz", "zstd"] satisfies Compression[])
	decoders.push((await findDecoder(compression)).name);
const digests = [];
for (const folder of process.argv.slice(2)) digests.push(await digestFolder(folder));
process.stdout.write(JSON.stringify({ decoders, digests, threads: started }));
