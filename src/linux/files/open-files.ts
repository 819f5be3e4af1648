// Counts the files that this process may have open (RLIMIT_NOFILE of getrlimit(2), whose soft limit node has raised to the hard
// limit), and those that it has open: /proc/self/limits and /proc/self/fd of proc(5).

import { readdirSync, readFileSync } from "node:fs";
import type { OpenFiles } from "../../ports/machine.js";
import { isShortage } from "./refusal.js";

/** Undefined when the files of /proc cannot be read. */
export function countOpenFiles(): OpenFiles | undefined {
	try {
		const [, most] = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1")) ?? [];
		if (most === undefined) return undefined;
		// The directory's own descriptor is in the listing.
		const open = readdirSync("/proc/self/fd").length - 1;
		return { left: Number(most) - open, most: Number(most) };
	} catch (thrown) {
		return isShortage(thrown) ? { left: 0 } : undefined;
	}
}
