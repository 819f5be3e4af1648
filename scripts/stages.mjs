// Stages: commands one after the other up to the first that fails, their output as it is, and behind it where the time went.
import "./no-debugger.mjs";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { parseSpans } from "../dist/test/support/project/spans.js";
import { formatReport } from "../dist/test/support/project/time-report.js";

/** How long a stage that was told to end may take until it is killed. */
const END_MILLISECONDS = 10_000;
const ENDING = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Runs them and prints the report. A signal that ends this process ends the stage that runs, and then all.
 * @param stages {name, command, environment} each, a command being a program and its words
 * @param budget {minutes, making}: see test/support/project/time-report.ts
 * @returns the exit status: that of the stage that failed
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

/** Resolves with the exit status, as a shell has it; a stage that a signal to this process has ended has failed by that. */
function runStage([program, ...words], env) {
	return new Promise((resolve) => {
		// A group of its own, so that a signal reaches all of it: npm passes none on while it is just beginning a script.
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
		// It has ended meanwhile, or has never begun.
	}
}
