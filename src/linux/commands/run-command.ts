// Runs a program of the administrator's policy: no shell parses its words, it has a session and a process group of its own, it
// inherits no environment variable, and it is killed after a time limit.

import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import type { CommandEnd, CommandRun } from "../../ports/commands.js";
import { refusalFor } from "../files/refusal.js";
import { exactCommand } from "./exact-command.js";

/** Milliseconds from SIGTERM to SIGKILL. */
const GRACE_MILLISECONDS = 2000;
/** Milliseconds from SIGKILL until the program is given up: it may be in uninterruptible sleep in the kernel. */
const LAST_WAIT_MILLISECONDS = 5000;
/** Milliseconds from a command's limit until it has ended or is given up. */
export const LONGEST_END_MILLISECONDS = GRACE_MILLISECONDS + LAST_WAIT_MILLISECONDS;
/** Milliseconds for which the program's children may go on writing to standard error when the program has ended. */
const LINGERING_MILLISECONDS = 100;
const LONGEST_COMPLAINT_BYTES = 2048;

/**
 * @param graceMilliseconds milliseconds from SIGTERM to SIGKILL
 * @throws {Refusal} of the operation "run" when the program cannot be started. If its words or environment are not valid UTF-8, a
 * shell starts it (exact-command.ts): then the command ends with status 127 or 126 and a complaint instead
 */
export async function runCommand(run: CommandRun, graceMilliseconds: number = GRACE_MILLISECONDS): Promise<CommandEnd> {
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
		return await ended(child, run.timeoutMilliseconds, graceMilliseconds);
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

function ended(child: ChildProcess, timeoutMilliseconds: number, graceMilliseconds: number): Promise<CommandEnd> {
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
			complaint = Buffer.concat([complaint, chunk]).subarray(-LONGEST_COMPLAINT_BYTES);
		});
		child.once("exit", (status, signal) => {
			for (const timer of timers) clearTimeout(timer);
			// Children of the program would otherwise run beyond the time limit.
			if (timedOut) killGroup(child, "SIGKILL");
			const exitStatus = status ?? 128 + signalNumber(signal);
			child.once("close", () => finish(exitStatus));
			// Waits one more turn of the event loop: a busy loop may not have read yet what was written in time.
			after(LINGERING_MILLISECONDS, () => setImmediate(finish, exitStatus));
		});
		after(timeoutMilliseconds, () => {
			timedOut = true;
			killGroup(child, "SIGTERM");
			after(graceMilliseconds, () => {
				killGroup(child, "SIGKILL");
				after(LAST_WAIT_MILLISECONDS, () => finish(undefined));
			});
		});
	});
}

function killGroup({ pid }: ChildProcess, signal: "SIGTERM" | "SIGKILL"): void {
	try {
		if (pid !== undefined) process.kill(-pid, signal);
	} catch {
		// No process of the group is left.
	}
}

const signalNumber = (signal: NodeJS.Signals | null): number => (signal === null ? 0 : constants.signals[signal]);
