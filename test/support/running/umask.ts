// Runs a module's text in a node process of its own with a given umask: a worker thread cannot set the umask.
import { execFileSync } from "node:child_process";

export function runUnder(umask: string, text: string): void {
	const words = ["-c", `umask ${umask}; exec "$@"`, "sh", process.execPath, "--input-type=module", "-e", text];
	execFileSync("sh", words, { stdio: "inherit" });
}
