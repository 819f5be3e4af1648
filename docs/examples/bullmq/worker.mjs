// Takes captures from the queue, and keeps the result of each by the capture's digest: node worker.mjs SOCKET COMMAND...
// COMMAND reads one capture and prints one result, such as: hotplugd compare --fleet - --json --kernel OLD --kernel NEW
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { Worker } from "bullmq";
import { connect, QUEUE, RESULTS } from "./queue.mjs";

const [socket, ...command] = process.argv.slice(2);
const connection = connect(socket);
const results = connect(socket);

/** Exit statuses of compare that come with a result: nobody loses a driver, a device loses one. */
const ANSWERED = [0, 3];

async function compare(capture) {
	const child = spawn(command[0], command.slice(1), { stdio: ["pipe", "pipe", "inherit"] });
	const ended = once(child, "close");
	child.stdin.on("error", () => undefined).end(`${capture}\n`);
	const result = await text(child.stdout);
	const [status] = await ended;
	if (!ANSWERED.includes(status)) throw new Error(`compare ended with ${status}`);
	return result.trim();
}

async function work({ id, data }) {
	console.log(`began ${id}`);
	// The same capture has the same result: a job that is delivered twice writes the same field twice.
	await results.hset(RESULTS, id, await compare(data.capture));
	console.log(`ended ${id}`);
}

// A worker that dies loses its lock after a second, and another takes the job within two: BullMQ delivers a job at least once.
const worker = new Worker(QUEUE, work, {
	connection,
	lockDuration: 1000,
	stalledInterval: 1000,
	maxStalledCount: 3,
});
worker.on("failed", (job, error) => console.log(`failed ${job?.id} ${error.message}`));
worker.on("error", (error) => console.error(error.message));
process.on("SIGTERM", async () => {
	await worker.close();
	connection.disconnect();
	results.disconnect();
});
