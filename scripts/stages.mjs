// Stages: runs commands one after the other up to the first that fails, with their output unchanged, and reports where the time
// went.
import "./no-debugger.mjs";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { parseSpans } from "../dist/test/support/project/spans.js";
import { formatReport } from "../dist/test/support/project/time-report.js";

/** Milliseconds that a stage may take to end after a signal, before it is killed. */
const END_MILLISECONDS = 10_000;
const ENDING = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Runs the stages and prints the report. A signal to this process ends the running stage, and then the run.
 * @param stages {name, command, environment} each; a command is a program and its words
 * @param budget {minutes, making}: see test/support/project/time-report.ts
 * @returns the exit status: that of the failed stage, or 0
 */
export async function runStages(stages, budget) {
	const folder = mkdtempSync(join(tmpdir(), "hotplugd-times-"));
	const times = join(folder, "spans");
	writeFileSync(times, "");
	const ran = [];
	try {
		for (const { name, command, environment } of stages) {
			const begun = performance.now();
			const status = await runStage(command, { ...process.env, ...environment, HOTPLUGD_TIMES: times });
			ran.push({ name, status, seconds: (performance.now() - begun) / 1000 });
			if (status !== 0) break;
		}
		console.log(`\n${formatReport(ran, parseSpans(readFileSync(times, "utf8")), budget).join("\n")}`);
		return ran.at(-1)?.status ?? 0;
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

/**
 * Resolves with the exit status as in a shell. A stage that ended because of a signal to this process has failed by that signal.
 */
function runStage([program, ...words], env) {
	return new Promise((resolve) => {
		// A process group of its own, which a signal reaches as a whole: npm passes no signal on while it starts a script.
		const stage = spawn(program, words, { env, detached: true, stdio: ["ignore", "inherit", "inherit"] });
		let signal;
		let patience;
		const pass = (received) => {
			signal ??= received;
			signalGroup(stage.pid, received);
			patience ??= setTimeout(() => signalGroup(stage.pid, "SIGKILL"), END_MILLISECONDS);
		};
		const end = (status) => {
			clearTimeout(patience);
			for (const name of ENDING) process.off(name, pass);
			resolve(signal === undefined ? status : 128 + constants.signals[signal]);
		};
		for (const name of ENDING) process.on(name, pass);
		stage.on("error", (error) => {
			console.error(`${program} could not be run: ${error.message}`);
			end(127);
		});
		stage.on("exit", (status, killedBy) => end(status ?? 128 + constants.signals[killedBy]));
	});
}

function signalGroup(leader, signal) {
	try {
		process.kill(-leader, signal);
	} catch {
		// The group has ended already, or was never started.
	}
}
