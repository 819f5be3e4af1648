// Puts each capture of a file, one a line, into the queue: node enqueue.mjs SOCKET FILE
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { Queue } from "bullmq";
import { connect, QUEUE } from "./queue.mjs";

const [socket, file] = process.argv.slice(2);
const connection = connect(socket);
const queue = new Queue(QUEUE, { connection });
const input = await open(file);
let jobs = 0;
for await (const capture of input.readLines()) {
	const digest = createHash("sha256").update(capture).digest("hex");
	// A job of this id that is in the queue already is not added again: the file may be given twice.
	await queue.add("compare", { capture }, { jobId: digest, attempts: 3, removeOnComplete: true });
	jobs++;
}
console.log(`${jobs} captures are in the queue`);
await queue.close();
connection.disconnect();
