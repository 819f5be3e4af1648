// The time of one call of the thin helper while the agent answers, compared with a POSIX shell script that asks over FIFOs, and
// with a program that does nothing. A process that only answers replies to the script: the agent's own work does not count.
import { execFileSync } from "node:child_process";
import { join } from "node:path";

export function benchThinHelper() {
	const script = join(import.meta.dirname, "thin-helper-in-namespace.mjs");
	const words = ["--user", "--map-root-user", "--net", "--mount", process.execPath, script];
	const measured = JSON.parse(execFileSync("unshare", words, { encoding: "utf8" }));
	const nothing = measured["/bin/true"];
	console.table(
		Object.entries(measured).map(([call, milliseconds]) => ({
			call,
			"ms a call": milliseconds.toFixed(2),
			"more than nothing, ms": (milliseconds - nothing).toFixed(2),
		})),
	);
}
