// One storm of uevents at one receiver, in a network namespace of this process: the program named by the arguments, or else the
// daemon. Prints JSON: uevents a second until none waited, lost uevents, microseconds of processor time for each, and MiB of
// memory.
import "../no-debugger.mjs";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { mountDevices, startDaemon } from "../../dist/test/support/running/agent-session.js";
import { compile } from "../../dist/test/support/running/c-program.js";
import { processorTime, residentSize } from "../../dist/test/support/running/daemon-figures.js";
import { formatRecords, formatUevent } from "../../dist/test/support/running/uevent-injector.js";

const EVENTS = 200_000;
const [program, ...words] = process.argv.slice(2);

const world = { modules: { stick: [] }, aliases: { "usb:stick*": "stick" } };
mountDevices();
const receiver = program === undefined ? await startDaemon(world) : await startProgram();
const { pid } = receiver.process;

async function startProgram() {
	const child = spawn(program, words, { stdio: ["ignore", "pipe", "inherit"] });
	await once(child.stdout, "data");
	child.stdout.resume();
	return { process: child };
}

/** Two of three uevents have no alias; the others' module is live after the first. */
const message = (i) =>
	i % 3 > 0
		? formatUevent("change", `/devices/virtual/block/loop${i % 512}`, [
				["SUBSYSTEM", "block"],
				["DEVNAME", "loop"],
			])
		: formatUevent("add", `/devices/bus/${i % 4096}`, [
				["SUBSYSTEM", "usb"],
				["MODALIAS", `usb:stick${i % 4096}`],
			]);
const records = formatRecords(Array.from({ length: EVENTS }, (_, i) => message(i)));

const row = () =>
	readFileSync(`/proc/${pid}/net/netlink`, "latin1")
		.split("\n")
		.map((line) => line.split(/\s+/))
		.find(([, protocol, port]) => protocol === "15" && port !== "0");

await setTimeout(500);
const [before, begun] = [processorTime(receiver), performance.now()];
const writer = spawn(compile("uevent-injector"), ["kernel"], { stdio: ["pipe", "inherit", "inherit"] });
writer.stdin.end(records);
// The writer's own netlink socket is closed when it exits.
await once(writer, "exit");
while (Number(row()[4]) > 0) await setTimeout(1);
const milliseconds = performance.now() - begun;
const drops = Number(row()[8]);
const heard = EVENTS - drops;
const microseconds = (1000 * (processorTime(receiver) - before)) / heard;
await setTimeout(2000);
const after = residentSize(receiver);
console.log(JSON.stringify({ rate: Math.round((1000 * heard) / milliseconds), drops, microseconds, after }));
receiver.process.kill("SIGKILL");
await once(receiver.process, "exit");
process.exit(0);
