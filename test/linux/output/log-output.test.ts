import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import test from "ava";
import { openLogOutput } from "../../../src/linux/output/log-output.js";

const folder = mkdtempSync(join(tmpdir(), "log-output-"));
test.after.always(() => rmSync(folder, { recursive: true }));

/** A FIFO with both ends open. The writer's end blocks when the pipe is full, as a shell leaves it. */
function openPipe(name: string) {
	const path = join(folder, name);
	execFileSync("mkfifo", [path]);
	const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
	const writer = openSync(path, constants.O_WRONLY);
	const chunk = Buffer.alloc(2 ** 20);
	const read = (): string => {
		try {
			return chunk.toString("latin1", 0, readSync(reader, chunk));
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === "EAGAIN") return "";
			throw error;
		}
	};
	return { writer, reader, read };
}

const line = (number: number) => `${String(number).padStart(99, "0")}\n`;
const numbersOf = (text: string) => text.trimEnd().split("\n").map(Number);

test("lines are in the file when they have been written", async (t) => {
	const path = join(folder, "file");
	const output = await openLogOutput({ descriptor: openSync(path, "a"), onLost: () => t.fail() });
	output.write("one\n");
	output.write("two\n");
	t.is(readFileSync(path, "latin1"), "one\ntwo\n");
	await output.close();
});

test("what a full pipe has no room for follows when somebody reads, in order and whole", async (t) => {
	const { writer, read } = openPipe("late");
	const output = await openLogOutput({ descriptor: writer, onLost: () => t.fail() });
	const count = 5000;
	for (let n = 0; n < count; n++) output.write(line(n));
	let text = "";
	while (text.length < 100 * count) {
		text += read();
		await setTimeout(1);
	}
	t.deepEqual(
		numbersOf(text),
		Array.from({ length: count }, (_, n) => n),
	);
	await output.close();
});

test("of more than is kept, the last are left out, and told of when there is room again", async (t) => {
	const { writer, read } = openPipe("stuck");
	let lost = 0;
	const output = await openLogOutput({ descriptor: writer, most: 100_000, onLost: (lines) => (lost += lines) });
	const count = 5000;
	for (let n = 0; n < count; n++) output.write(line(n));
	let text = "";
	while (lost === 0) {
		text += read();
		await setTimeout(1);
	}
	output.write(line(count));
	text += read();
	const numbers = numbersOf(text);
	t.is(numbers.length, count - lost + 1);
	t.deepEqual(
		numbers,
		numbers.map((_, place) => (place === numbers.length - 1 ? count : place)),
	);
	t.true(lost > 3000, `${lost}`);
	await output.close();
});

test("nobody is waited for longer than a while", async (t) => {
	const { writer } = openPipe("never");
	const output = await openLogOutput({ descriptor: writer, onLost: () => t.fail() });
	for (let n = 0; n < 1000; n++) output.write(line(n));
	await output.close();
	t.pass();
});

test("where the reader has gone, nothing is said", async (t) => {
	const { writer, reader } = openPipe("gone");
	const output = await openLogOutput({ descriptor: writer, onLost: () => t.fail() });
	closeSync(reader);
	for (let n = 0; n < 1000; n++) output.write(line(n));
	await output.close();
	t.pass();
});

test("the descriptor's own description waits as before", async (t) => {
	const { writer } = openPipe("shared");
	const output = await openLogOutput({ descriptor: writer, onLost: () => t.fail() });
	output.write("one\n");
	const [, flags = ""] = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${writer}`, "latin1")) ?? [];
	t.is(Number.parseInt(flags, 8) & constants.O_NONBLOCK, 0);
	await output.close();
});

test("what is only offered is written where there is room, and else dropped: nothing waits for it", async (t) => {
	const { writer, read } = openPipe("offered");
	const output = await openLogOutput({ descriptor: writer, onLost: () => t.fail() });
	output.offer("one");
	t.is(read(), "one");
	for (let n = 0; n < 2000; n++) output.offer(line(n));
	const begun = performance.now();
	t.is(await output.close(), 0);
	t.true(performance.now() - begun < 500);
	t.true(read().length < 2000 * 100);
});
