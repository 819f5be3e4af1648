import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import test from "ava";
import { BatchThreads } from "../../../src/linux/fleet/batch-threads.js";
import type { SharedBatch } from "../../../src/linux/fleet/line-batches.js";
import { until } from "../../support/running/until.js";

const script = fileURLToPath(new URL("../../support/programs/batch-session.js", import.meta.url));

function batchOf(firstLine: number, ...lines: readonly string[]): SharedBatch {
	const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""), "latin1");
	const memory = new SharedArrayBuffer(bytes.length);
	bytes.copy(Buffer.from(memory));
	return { firstLine, lines: lines.length, memory, start: 0, end: bytes.length };
}

type Begun = { readonly pool: BatchThreads; readonly answers: string[]; readonly done: SharedBatch[] };

function begin(onAnswer: () => Promise<void> = async () => undefined, task: unknown = "", threads = 2): Begun {
	const answers: string[] = [];
	const done: SharedBatch[] = [];
	const pool = new BatchThreads({
		script,
		task,
		threads,
		async onAnswer(answer) {
			answers.push(...(answer as string[]));
			await onAnswer();
		},
		onDone: (batch) => void done.push(batch),
		onIdle: () => undefined,
	});
	return { pool, answers, done };
}

async function answer({ pool }: Begun, batches: readonly SharedBatch[]): Promise<void> {
	for (const batch of batches) {
		await pool.room();
		pool.post(batch);
	}
	await pool.finish();
}

test("answers come in the order of the batches, whichever thread is quicker", async (t) => {
	const begun = begin();
	const lines = Array.from({ length: 30 }, (_, number) => (number % 3 === 0 ? "slow" : `line ${number}`));
	await answer(
		begun,
		lines.map((line, number) => batchOf(number + 1, line)),
	);
	t.deepEqual(
		begun.answers,
		lines.map((line, number) => `${number + 1}: ${line}`),
	);
	t.is(begun.done.length, lines.length);
	await begun.pool.end();
});

for (const line of ["die", "fill"])
	test(`a line that ends its thread (${line}) is refused, and all other lines have their answers in their places`, async (t) => {
		const begun = begin(undefined, "", line === "fill" ? 1 : 2);
		await answer(begun, [
			batchOf(1, "a", line, "b"),
			batchOf(4, "c"),
			batchOf(5, "d", "e"),
			batchOf(7, line),
			batchOf(8, "f"),
		]);
		const refused = "it takes more memory than a capture may";
		t.deepEqual(begun.answers, [...["1: a", `2: ${refused}`, "3: b", "4: c", "5: d", "6: e", `7: ${refused}`, "8: f"]]);
		await begun.pool.end();
	});

test("threads that cannot begin end the work with their error", async (t) => {
	const begun = begin(undefined, "broken");
	await t.throwsAsync(answer(begun, [batchOf(1, "a", "b")]), { message: "a thread that does not begin" });
	await begun.pool.end();
});

test("while an answer waits for its reader, no more batches are taken than there is room for, and none is lost", async (t) => {
	let let1Go = (): void => undefined;
	const reader = new Promise<void>((resolve) => (let1Go = resolve));
	const begun = begin(() => reader);
	const total = 100;
	const all = answer(
		begun,
		Array.from({ length: total }, (_, number) => batchOf(number + 1, `line ${number}`)),
	);
	await until(() => begun.done.length >= 8);
	await setTimeout(50);
	t.is(begun.pool.held, 8);
	t.is(begun.done.length, 8);
	t.is(begun.answers.length, 1);
	let1Go();
	await all;
	t.is(begun.answers.length, total);
	await begun.pool.end();
});

test("an answer that cannot be handed over ends the work with that error", async (t) => {
	const begun = begin(async () => {
		throw new Error("the reader has gone");
	});
	const batches = Array.from({ length: 100 }, (_, number) => batchOf(number + 1, "line"));
	await t.throwsAsync(answer(begun, batches), { message: "the reader has gone" });
	await t.throwsAsync(begun.pool.failed, { message: "the reader has gone" });
	await begun.pool.end();
});
