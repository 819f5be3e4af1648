// What a process takes: its memory, its processor time, and how long its event loop keeps others waiting.

import { existsSync, readFileSync, rmSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Daemon } from "./agent-session.js";

/** Milliseconds beyond what was due. */
export type EventLoopDelay = { readonly p99: number; readonly longest: number };

/** Has a node measure the delay of its event loop. @param file where it leaves the figures */
export function delayEnvironment(file: string): Record<string, string> {
	const script = fileURLToPath(new URL("../../../../test/support/programs/event-loop-delay.cjs", import.meta.url));
	return { NODE_OPTIONS: `--require ${JSON.stringify(script)}`, EVENT_LOOP_DELAY: file };
}

/** Of the time since it was asked last. */
export async function askForDelay({ process: child }: Daemon, file: string): Promise<EventLoopDelay> {
	rmSync(file, { force: true });
	child.kill("SIGUSR2");
	for (let patience = 1000; !existsSync(file); patience--) {
		if (patience === 0) throw new Error("the daemon does not tell of its event loop");
		await setTimeout(10);
	}
	return JSON.parse(readFileSync(file, "utf8"));
}

/** Resident memory, in MiB. */
export function residentSize({ process: { pid } }: Daemon): number {
	return Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]) / 1024;
}

/** User and system time, in milliseconds: /proc/PID/stat counts hundredths of a second. */
export function processorTime({ process: { pid } }: Daemon): number {
	const [, fields = ""] = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ");
	const [user, system] = fields.split(" ").slice(11, 13).map(Number);
	return 10 * (user! + system!);
}
