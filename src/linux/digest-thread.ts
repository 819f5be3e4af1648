// The script of one thread of digest-threads.ts.

import { parentPort, workerData } from "node:worker_threads";
import { type ModuleDigest, ModuleDigester } from "../libkmod/depmod/module-digest.js";
import { SymbolNames } from "../libkmod/depmod/symbol-names.js";
import type { DigestAnswer, DigestRequest } from "./digest-threads.js";
import { ModuleReader } from "./module-digests.js";

const names = new SymbolNames();
const digester = new ModuleDigester(names);
const reader = new ModuleReader(workerData as string);

async function digestAll(paths: DigestRequest): Promise<DigestAnswer> {
	const known = names.count;
	const modules: ModuleDigest[] = [];
	for (const path of paths) modules.push(await reader.digest(path, digester));
	const newNames = Array.from({ length: names.count - known }, (_, n) => names.nameOf(known + n));
	return { modules, newNames };
}

parentPort?.on("message", (paths: DigestRequest) => {
	void digestAll(paths).then((answer) => parentPort?.postMessage(answer));
});
