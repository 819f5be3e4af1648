// Runs the calls one after the other from a shell loop, in rounds. Prints JSON: milliseconds a call in the quickest round of
// each.
import "../no-debugger.mjs";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launch, looked, mountDevices, preparePlace } from "../../dist/test/support/running/agent-session.js";
import { compileThinHelper } from "../../dist/test/support/running/thin-helper.js";

const CALLS = 200;
const ROUNDS = 5;

const folder = mkdtempSync(join(tmpdir(), "hotplugd-bench-"));
mountDevices();
const place = preparePlace({ modules: { stick: [] }, aliases: { "usb:stick*": "stick" } });
const daemon = launch(place);
await looked(daemon);

const fifo = join(folder, "fifo");
execFileSync("mkfifo", [fifo]);
const asking = join(folder, "ask");
writeFileSync(
	asking,
	`#!/bin/sh
answer="${folder}/answer.$$"
mkfifo "$answer" || exit 1
printf '%s %s\\n' "$answer" "$MODALIAS" >"${fifo}"
read -r status <"$answer"
rm "$answer"
exit "$status"
`,
	{ mode: 0o755 },
);
// The FIFO is open for reading and writing, so that neither side waits for the other.
const answering = `exec 3<>"${fifo}"; while read -r answer alias <&3; do echo 0 >"$answer"; done`;
const server = spawn("sh", ["-c", answering], { stdio: "inherit" });

const calls = {
	"/bin/true": "/bin/true",
	"the thin helper, in C": compileThinHelper(30),
	"sh over FIFOs": asking,
};
const measured = {};
for (let round = 0; round < ROUNDS; round++) {
	for (const [name, program] of Object.entries(calls)) {
		const begun = performance.now();
		const loop = `i=0; while [ $i -lt ${CALLS} ]; do "${program}" || exit 1; i=$((i + 1)); done`;
		const env = { ...process.env, MODALIAS: "usb:stick1" };
		const child = spawn("sh", ["-c", loop], { cwd: join(place.folder, "run"), env, stdio: "inherit" });
		const [status] = await once(child, "exit");
		if (status !== 0) throw new Error(`${name}: a call failed`);
		measured[name] = Math.min(measured[name] ?? Number.POSITIVE_INFINITY, (performance.now() - begun) / CALLS);
	}
}
if (daemon.inserted().length !== 1) throw new Error("the agent did not insert the module once");
console.log(JSON.stringify(measured));
server.kill("SIGKILL");
daemon.process.kill("SIGKILL");
rmSync(folder, { recursive: true });
process.exit(0);
