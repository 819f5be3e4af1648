// Runs a module's text in a node of its own, under a umask, which no thread may set.
import { execFileSync } from "node:child_process";

export function runUnder(umask: string, text: string): void {
	const words = ["-c", `umask ${umask}; exec "$@"`, "sh", process.execPath, "--input-type=module", "-e", text];
	execFileSync("sh", words, { stdio: "inherit" });
}
