import test from "ava";
import { LineBatches, type SharedBatch } from "../../../src/linux/fleet/line-batches.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";

const textOf = ({ memory, start, end }: SharedBatch): string =>
	Buffer.from(memory, start, end - start).toString("latin1");

/** Feeds pieces as fleet.ts does, where a thread is never idle. */
function split(pieces: readonly Buffer[], batches: LineBatches, isAgain = true): SharedBatch[] {
	const taken: SharedBatch[] = [];
	const take = (isEnd?: boolean) => {
		const batch = batches.take(isEnd);
		if (batch !== undefined) taken.push(batch);
		return batch;
	};
	for (const piece of pieces) {
		for (let rest = batches.add(piece); rest.length > 0; rest = batches.add(rest)) take();
	}
	while (take(true) !== undefined && isAgain);
	return taken;
}

test("batches hold whole lines, each line and each byte once, however the input is cut", (t) => {
	const random = seededRandom(t);
	for (let round = 0; round < 200; round++) {
		const text = random.text(["a", "bc", "\n", "\n\n", "dddddddd"], 0, 60);
		const pieces: Buffer[] = [];
		for (let at = 0; at < text.length; ) {
			const size = 1 + random.below(20);
			pieces.push(Buffer.from(text.slice(at, at + size), "latin1"));
			at += size;
		}
		const taken = split(pieces, new LineBatches({ batchBytes: 16, lineBytes: 1000 }));
		t.is(taken.map(textOf).join(""), text);
		let line = 1;
		for (const batch of taken) {
			t.is(batch.firstLine, line);
			line += batch.lines;
			if (batch !== taken.at(-1)) t.true(textOf(batch).endsWith("\n"));
		}
		t.is(line - 1, text.split("\n").length - (text.endsWith("\n") || text === "" ? 1 : 0));
	}
});

test("a line that is longer than a line may be is refused by its number, and the lines around it are there", (t) => {
	const long = "x".repeat(5000);
	const pieces = `one\n${long}\nthree\n`.match(/[\s\S]{1,7}/g)!.map((piece) => Buffer.from(piece));
	const taken = split(pieces, new LineBatches({ batchBytes: 16, lineBytes: 2048 }));
	t.deepEqual(
		taken.map((batch) => [batch.firstLine, batch.refused ?? textOf(batch)]),
		[
			[1, "one\n"],
			[2, "it is longer than 2 KiB, the limit for a capture"],
			[3, "three\n"],
		],
	);
});

test("a line as long as a line may be is taken, with and without its newline", (t) => {
	const line = "x".repeat(2048);
	for (const text of [`${line}\nnext\n`, line])
		t.deepEqual(
			split([Buffer.from(text)], new LineBatches({ batchBytes: 16, lineBytes: 2048 }))
				.map(textOf)
				.join(""),
			text,
		);
});

test("a long line that never ends keeps no more memory than a line may have", (t) => {
	const batches = new LineBatches({ batchBytes: 16, lineBytes: 2048 });
	const taken = split(
		Array.from({ length: 1000 }, () => Buffer.alloc(1000, "x")),
		batches,
	);
	t.deepEqual(
		taken.map(({ firstLine, memory }) => [firstLine, memory.byteLength]),
		[[1, 0]],
	);
});

test("the memory of a batch is used again, unless others have it too", (t) => {
	const batches = new LineBatches({ batchBytes: 16, lineBytes: 1000 });
	batches.add(Buffer.from("one\n"));
	const first = batches.take()!;
	batches.reuse(first);
	batches.add(Buffer.from("two\n"));
	const second = batches.take()!;
	batches.reuse({ ...second, isPart: true });
	batches.add(Buffer.from("three\n"));
	t.is(batches.take()!.memory, first.memory);
	batches.add(Buffer.from("four\n"));
	const fourth = batches.take()!;
	t.not(fourth.memory, first.memory);
	t.not(fourth.memory, second.memory);
});
