// How many files this process may have open (RLIMIT_NOFILE of getrlimit(2), which node has raised as far as it may), and how many it
// has: proc(5)'s /proc/self/limits and /proc/self/fd.

import { readdirSync, readFileSync } from "node:fs";
import type { OpenFiles } from "../../ports/machine.js";
import { isShortage } from "./refusal.js";

/** Undefined where it cannot be told. */
export function countOpenFiles(): OpenFiles | undefined {
	try {
		const [, most] = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1")) ?? [];
		if (most === undefined) return undefined;
		// The directory itself is one of them.
		const open = readdirSync("/proc/self/fd").length - 1;
		return { left: Number(most) - open, most: Number(most) };
	} catch (thrown) {
		return isShortage(thrown) ? { left: 0 } : undefined;
	}
}
