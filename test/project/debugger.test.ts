// On SIGUSR1 node opens its debugger to every user of the machine by default: programs that root runs ignore the signal.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { sigusr1Session } from "../support/programs/sigusr1-session.js";
import { runSession } from "../support/running/network-namespace.js";
import { worldWords, writeWorld } from "../support/worlds/world-folder.js";

const LISTENER = 'process.on("SIGUSR1", () => {});';

/** The first statement of a script after its comments and directives. */
const firstStatement = (file: string): string | undefined =>
	readFileSync(file, "utf8")
		.split("\n")
		.find((line) => !/^(?:#!|\/\/|"use strict";$|$)/.test(line));

test("the first statement of what node is given listens for the signal, before anything is loaded", (t) => {
	for (const file of ["dist/main.js", "dist/code-cache.cjs", "scripts/no-debugger.mjs"])
		t.is(firstStatement(file), LISTENER, file);
});

test("the scripts that root may run load that before anything else", (t) => {
	const scripts = readdirSync("scripts").filter(
		(name) => name.endsWith(".mjs") && !/^(?:man-pages|no-debugger)/.test(name),
	);
	for (const name of scripts) t.is(firstStatement(`scripts/${name}`), 'import "./no-debugger.mjs";', name);
	for (const name of readdirSync("scripts/bench").filter((name) => name.includes("-in-namespace")))
		t.is(firstStatement(`scripts/bench/${name}`), 'import "../no-debugger.mjs";', name);
});

test("an agent goes on, and nobody can connect to it", async (t) => {
	const { status, stderr, sockets, inserted } = await runSession(t, sigusr1Session);
	t.deepEqual({ status, stderr, sockets, inserted }, { status: 0, stderr: "", sockets: [], inserted: ["a"] });
});

/** The command sends the signal to its parent, and gives the parent time to print that its debugger listens. */
const SIGNAL = "kill -USR1 $PPID; sleep 0.3";

test("a tool goes on, and does not say that a debugger listens", (t) => {
	const folder = mkdtempSync(join(tmpdir(), "sigusr1-"));
	t.teardown(() => rmSync(folder, { recursive: true }));
	writeWorld(folder, { modules: { foo: [] }, config: `install foo ${SIGNAL}; echo done` });
	const words = ["dist/main.js", "modprobe", ...worldWords(folder), "foo"];
	const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
	t.deepEqual({ status, stdout, stderr }, { status: 0, stdout: "done\n", stderr: "" });
});
