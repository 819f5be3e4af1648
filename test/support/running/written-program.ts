// Programs that a test writes and has run.

import { execFileSync } from "node:child_process";

/**
 * Written by a process of its own: while this one has a file open for writing, another of its threads may begin a child, which
 * has it open too until it runs its own program, and the kernel runs no file that is open for writing (ETXTBSY).
 */
export function writeProgram(path: string, text: string): void {
	execFileSync("sh", ["-c", 'cat >"$0" && chmod 755 "$0"', path], { input: text });
}
