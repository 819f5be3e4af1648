// Writes programs for a test to run.

import { execFileSync } from "node:child_process";

/**
 * Writes an executable file in a child process. If this process had the file open for writing, a child that another thread
 * forks at that moment would inherit the descriptor until its exec, and the kernel refuses to run a file that is open for
 * writing (ETXTBSY).
 */
export function writeProgram(path: string, text: string): void {
	execFileSync("sh", ["-c", 'cat >"$0" && chmod 755 "$0"', path], { input: text });
}
