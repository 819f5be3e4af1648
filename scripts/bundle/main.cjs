#!/usr/bin/env node
// The executable: runs the chunks of the bundle, each when it is needed, from the code cache for this version of node if there is
// one.
"use strict";
// The first statement, in effect until the process ends: at SIGUSR1 node would open its debugger, through which anybody on this
// machine may run code as this user.
process.on("SIGUSR1", () => {});
const { readFileSync } = require("node:fs");
const { Script } = require("node:vm");

const cache = `${__dirname}/cache/${process.version}-${process.arch}`;
const chunks = new Map();
const scripts = new Map();

/** Compiles a script of the bundle. V8 itself refuses a cache of another version, and compiles the source. */
function compile(name) {
	const filename = `${__dirname}/bundle/${name}`;
	let cachedData;
	try {
		cachedData = readFileSync(`${cache}/${name}`);
	} catch {
		// Without a cache the start is only slower.
	}
	const script = new Script(readFileSync(filename).latin1Slice(), { filename, cachedData });
	scripts.set(name, script);
	return script.runInThisContext();
}

function load(name) {
	const run = first[name] ?? compile(name);
	const chunk = { exports: {} };
	chunks.set(name, chunk);
	run(chunk.exports, requireFromChunk, chunk, `${__dirname}/bundle/${name}`, __dirname);
	return chunk;
}

function requireFromChunk(name) {
	if (!name.startsWith("./")) return require(name);
	return (chunks.get(name.slice(2)) ?? load(name.slice(2))).exports;
}
requireFromChunk.resolve = require.resolve;

/** One script with everything that every command needs. */
const first = compile("ENTRY");
const { exports: bundle } = load("ENTRY");
// The script of a thread has begun to work when it is loaded.
if (require.main === module) bundle.main?.();
else module.exports = { bundle, cache, chunks, scripts };
