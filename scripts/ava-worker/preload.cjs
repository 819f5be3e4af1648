// Preloaded into each process that ava starts for a test file: replaces ava's worker by one script with V8's code cache, if the
// build has made one. ava's own 500 files take a third of a second to load, for each of 170 test files.
"use strict";
const { readFileSync, renameSync, writeFileSync } = require("node:fs");
const Module = require("node:module");
const { join, resolve } = require("node:path");
const vm = require("node:vm");
const { threadId } = require("node:worker_threads");

// ava leaves files below a directory of this name out of the stack traces that it prints.
const folder = resolve(__dirname, "../../dist/test/ava/lib");
const theirs = resolve(__dirname, "../../node_modules/ava/lib/worker/base.js");
const file = join(folder, "worker.js");
/** The code cache fits only this version of node. V8 itself checks whether it does. */
const cache = join(folder, `worker-${process.version}-${process.arch}.cache`);

const { runMain } = Module;
Module.runMain = (main = process.argv[1]) => {
	Module.runMain = runMain;
	const source = main === theirs ? read(file)?.toString() : undefined;
	if (source === undefined) runMain(main);
	else start(source);
};

function start(source) {
	const cachedData = read(cache);
	const script = new vm.Script(source, { filename: file, cachedData });
	if (cachedData === undefined || script.cachedDataRejected) process.once("exit", () => save(script));
	script.runInThisContext()(Module.createRequire(theirs), (specifier) => import(specifier));
}

function read(path) {
	try {
		return readFileSync(path);
	} catch {
		return undefined;
	}
}

/** Saves the code that is compiled so far. A worker that cannot write the cache is only slower. */
function save(script) {
	try {
		writeFileSync(`${cache}.${process.pid}-${threadId}`, script.createCachedData());
		renameSync(`${cache}.${process.pid}-${threadId}`, cache);
	} catch {}
}
