// Runs a program of the administrator's policy: without a shell's reading its words, in a session and process group of its own, with
// an environment that is given whole, for so long and no longer.

import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import type { CommandEnd, CommandRun } from "../../ports/commands.js";
import { refusalFor } from "../files/refusal.js";
import { exactCommand } from "./exact-command.js";

/** From SIGTERM to SIGKILL. */
const GRACE = 2000;
/** From SIGKILL to giving it up: it may sleep in the kernel. */
const LAST_WAIT = 5000;
/** Milliseconds from a command's limit until it has ended or is given up. */
export const LONGEST_END = GRACE + LAST_WAIT;
/** How long its children may go on writing when it has ended. */
const LINGERING = 100;
const LONGEST_COMPLAINT = 2048;

/**
 * @param grace milliseconds from SIGTERM to SIGKILL. @throws {Refusal} of the operation "run" where it cannot be started; where its
 * words or its environment are no UTF-8 a shell starts it (exact-command.ts), so that it ends with 127 or 126 then, and a complaint
 */
export async function runCommand(run: CommandRun, grace: number = GRACE): Promise<CommandEnd> {
	const [program] = run.command;
	try {
		const exact = exactCommand(run.command, run.environment);
		const child = spawn(exact.program, exact.parameters, {
			cwd: "/",
			detached: true,
			env: exact.env,
			stdio: ["ignore", "ignore", "pipe"],
		});
		if (child.pid !== undefined) run.onBegun?.(child.pid);
		await started(child);
		return await ended(child, run.timeoutMilliseconds, grace);
	} catch (thrown) {
		throw refusalFor("run", program, thrown);
	}
}

function started(child: ChildProcess): Promise<void> {
	return new Promise((resolve, reject) => {
		child.once("spawn", resolve);
		child.once("error", reject);
	});
}

function ended(child: ChildProcess, timeout: number, grace: number): Promise<CommandEnd> {
	return new Promise((resolve) => {
		let timedOut = false;
		let complaint = Buffer.alloc(0);
		const timers: NodeJS.Timeout[] = [];
		const after = (milliseconds: number, act: () => void): void => void timers.push(setTimeout(act, milliseconds));

		function finish(exitStatus: number | undefined): void {
			for (const timer of timers) clearTimeout(timer);
			child.stderr?.destroy();
			child.unref();
			resolve({ exitStatus, timedOut, complaint: complaint.toString("latin1") });
		}

		child.stderr?.on("data", (chunk: Buffer) => {
			complaint = Buffer.concat([complaint, chunk]).subarray(-LONGEST_COMPLAINT);
		});
		child.once("exit", (status, signal) => {
			for (const timer of timers) clearTimeout(timer);
			// What it has left behind would otherwise outlive its time.
			if (timedOut) killGroup(child, "SIGKILL");
			const exitStatus = status ?? 128 + signalNumber(signal);
			child.once("close", () => finish(exitStatus));
			// Once around the event loop: a busy one may have been late to read what was written in time.
			after(LINGERING, () => setImmediate(finish, exitStatus));
		});
		after(timeout, () => {
			timedOut = true;
			killGroup(child, "SIGTERM");
			after(grace, () => {
				killGroup(child, "SIGKILL");
				after(LAST_WAIT, () => finish(undefined));
			});
		});
	});
}

function killGroup({ pid }: ChildProcess, signal: "SIGTERM" | "SIGKILL"): void {
	try {
		if (pid !== undefined) process.kill(-pid, signal);
	} catch {
		// Nothing of it is left.
	}
}

const signalNumber = (signal: NodeJS.Signals | null): number => (signal === null ? 0 : constants.signals[signal]);
