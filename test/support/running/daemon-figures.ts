// Measures a process: its memory, its processor time, and the delay of its event loop.

import { existsSync, readFileSync, rmSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Daemon } from "./agent-session.js";

/** Milliseconds by which timers of the event loop are late. */
export type EventLoopDelay = { readonly p99: number; readonly longest: number };

/**
 * The environment with which a node process measures the delay of its event loop.
 * @param file the file that it writes the figures to
 */
export function delayEnvironment(file: string): Record<string, string> {
	const script = fileURLToPath(new URL("../../../../test/support/programs/event-loop-delay.cjs", import.meta.url));
	return { NODE_OPTIONS: `--require ${JSON.stringify(script)}`, EVENT_LOOP_DELAY: file };
}

/** Resolves with the delay since the last call. */
export async function askForDelay({ process: child }: Daemon, file: string): Promise<EventLoopDelay> {
	rmSync(file, { force: true });
	child.kill("SIGUSR2");
	for (let polls = 1000; !existsSync(file); polls--) {
		if (polls === 0) throw new Error("the daemon does not tell of its event loop");
		await setTimeout(10);
	}
	return JSON.parse(readFileSync(file, "utf8"));
}

/** Resident memory in MiB. */
export function residentSize({ process: { pid } }: Daemon): number {
	return Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]) / 1024;
}

/** User and system time in milliseconds. /proc/PID/stat counts in hundredths of a second. */
export function processorTime({ process: { pid } }: Daemon): number {
	const [, fields = ""] = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ");
	const [user, system] = fields.split(" ").slice(11, 13).map(Number);
	return 10 * (user! + system!);
}
