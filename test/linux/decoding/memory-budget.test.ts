import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import test from "ava";
import {
	DECODING_BUDGET_BYTES,
	decodingBudget,
	inRoom,
	MemoryBudget,
	useBudget,
} from "../../../src/linux/decoding/memory-budget.js";
import { type Compression, type Decoder, decompress, listDecoders } from "../../../src/linux/decoding/module-file.js";
import { readModule } from "../../../src/linux/modules/module-operations.js";
import { standinEnvironment } from "../../support/fakes/standin.js";

const folder = mkdtempSync(join(tmpdir(), "budget-"));

const MIB = 2 ** 20;
const zeros = Buffer.alloc(MIB);
const packed: Readonly<Record<Compression, Buffer>> = {
	gzip: gzipSync(zeros),
	xz: execFileSync("xz", ["-c", "--check=crc32"], { input: zeros }),
	// A frame whose header does not say the size of the content.
	zstd: execFileSync("zstd", ["-c", "-q", "--no-content-size"], { input: zeros }),
};

const rows: (readonly [Compression, Decoder])[] = [];
for (const compression of ["gzip", "xz", "zstd"] as const)
	for (const decoder of await listDecoders(compression)) rows.push([compression, decoder]);

test.after.always(() => rmSync(folder, { recursive: true }));

/** Asks for each of these sizes at once. `granted` lists their indexes in the order in which they are granted. */
function ask(budget: MemoryBudget, sizes: readonly number[]) {
	const rooms = sizes.map(() => budget.open());
	const granted: number[] = [];
	rooms.forEach((room, n) => void room.take(sizes[n]!).then(() => granted.push(n)));
	return { rooms, granted };
}

test("so much is taken at a time, n - 1, n and n + 1, and the others in order of asking", async (t) => {
	for (const [sizes, first] of [
		[
			[60, 39, 1, 1],
			[0, 1, 2],
		],
		[
			[60, 40, 1],
			[0, 1],
		],
		[[60, 41, 1], [0]],
	] as const) {
		const budget = new MemoryBudget(100);
		const { rooms, granted } = ask(budget, sizes);
		await setImmediate();
		t.deepEqual(granted, [...first]);
		t.true(budget.peak <= 100);
		for (const room of rooms) {
			room.close();
			await setImmediate();
		}
		t.deepEqual(granted, [...sizes.keys()]);
		t.true(budget.peak <= 100);
	}
});

test("what is larger than the budget has its turn alone, and nobody waits for ever", async (t) => {
	const budget = new MemoryBudget(100);
	const { rooms, granted } = ask(budget, [50, 1000, 10, 1000]);
	await setImmediate();
	// The small request waits behind the large one: otherwise the large one would never have its turn.
	t.deepEqual(granted, [0]);
	rooms[0]!.close();
	await setImmediate();
	t.deepEqual(granted, [0, 1]);
	rooms[1]!.close();
	await setImmediate();
	t.deepEqual(granted, [0, 1, 2]);
	rooms[2]!.close();
	await setImmediate();
	t.deepEqual(granted, [0, 1, 2, 3]);
	t.is(budget.peak, 1000);
});

test("those that hold their packed files and wait for their contents get them, one after the other", async (t) => {
	const budget = new MemoryBudget(100);
	let atWork = 0;
	const unpack = () =>
		inRoom(async (room) => {
			await room.take(30);
			await room.take(80);
			atWork++;
			t.is(atWork, 1);
			await setImmediate();
			atWork--;
		}, budget);
	await Promise.all(Array.from({ length: 12 }, unpack));
	// Three packed files at a time, and the content of one of them.
	t.true(budget.peak <= 3 * 30 + 80, String(budget.peak));
});

test("what fails gives back what it took", async (t) => {
	const budget = new MemoryBudget(100);
	const fail = () =>
		inRoom(async (room) => {
			await room.take(100);
			throw new Error("no");
		}, budget);
	for (let n = 0; n < 3; n++) await t.throwsAsync(fail, { message: "no" });
	await inRoom((room) => room.take(100), budget);
	t.is(budget.peak, 100);
});

test("a room that is closed and takes again is counted again", async (t) => {
	const budget = new MemoryBudget(100);
	const room = budget.open();
	await room.take(60);
	room.close();
	t.is(budget.held, 0);
	await room.take(70);
	t.is(budget.held, 70);
	const { granted } = ask(budget, [31]);
	await setImmediate();
	t.deepEqual(granted, []);
	room.close();
	await setImmediate();
	t.deepEqual(granted, [0]);
});

test("a room that is closed while it waits is never given memory, and those behind it are", async (t) => {
	const budget = new MemoryBudget(100);
	const { rooms, granted } = ask(budget, [100, 90, 10]);
	await setImmediate();
	rooms[1]!.close();
	rooms[0]!.close();
	await setImmediate();
	t.deepEqual(granted, [0, 2]);
	t.is(budget.held, 10);
});

test("a room keeps what it says, and what it gives back is others'", async (t) => {
	const budget = new MemoryBudget(100);
	const { rooms, granted } = ask(budget, [90, 50]);
	rooms[0]!.keep(51);
	await setImmediate();
	t.deepEqual(granted, [0]);
	rooms[0]!.keep(50);
	rooms[0]!.keep(70);
	await setImmediate();
	t.deepEqual(granted, [0, 1]);
	t.is(budget.held, 100);
});

test("what is held for long is counted, and nobody waits for it: one at a time goes beyond the budget", async (t) => {
	const budget = new MemoryBudget(100);
	const { rooms, granted } = ask(budget, [80, 30, 30]);
	await setImmediate();
	t.deepEqual(granted, [0]);
	rooms[0]!.holdForLong();
	await setImmediate();
	t.deepEqual(granted, [0, 1]);
	t.is(budget.held, 110);
	rooms[1]!.close();
	await setImmediate();
	t.deepEqual(granted, [0, 1, 2]);
});

for (const [compression, decoder] of rows)
	test.serial(
		`twelve small files of large content by ${decoder.name}: no more is filled at a time than the budget has`,
		async (t) => {
			const usual = decodingBudget();
			const copies = decoder.name === "libzstd" ? 1 : 2;
			for (const fitting of [0, 1, 2, 3]) {
				const budget = new MemoryBudget(fitting * copies * MIB + MIB / 2);
				useBudget(budget);
				let live = 0;
				let most = 0;
				const unpack = async () => {
					let size = 0;
					const allocate = (asked: number): Buffer => {
						size = asked;
						live += asked;
						most = Math.max(most, live);
						return Buffer.allocUnsafeSlow(asked);
					};
					return await inRoom(async (room) => {
						const content = await decompress(compression, packed[compression], "bomb.ko", { decoder, allocate, room });
						live -= size;
						return content.length;
					});
				};
				const lengths = await Promise.all(Array.from({ length: 12 }, unpack));
				t.deepEqual(
					lengths,
					lengths.map(() => MIB),
				);
				// A content that is larger than the whole budget is decoded alone.
				t.true(most <= Math.max(fitting, 1) * MIB, `${most} of ${fitting}`);
				t.true(budget.peak > 0 && budget.peak <= Math.max(fitting, 1) * copies * MIB + MIB / 2, String(budget.peak));
			}
			useBudget(usual);
		},
	);

test.serial("what is read for insertion and for modinfo is of the same budget", async (t) => {
	const usual = decodingBudget();
	const budget = new MemoryBudget(2 * MIB + MIB / 2);
	useBudget(budget);
	const paths = Array.from({ length: 12 }, (_, n) => join(folder, `m${n}.ko.gz`));
	for (const path of paths) writeFileSync(path, packed.gzip);
	const contents = await Promise.all(paths.map((path) => readModule(path)));
	useBudget(usual);
	for (const content of contents) t.is(content.length, MIB);
	t.true(budget.peak >= 2 * MIB && budget.peak <= 2 * MIB + MIB / 2, String(budget.peak));
});

async function insertHolding(sysfs: string): Promise<Record<string, unknown>> {
	mkdirSync(join(folder, sysfs, "module"), { recursive: true });
	writeFileSync(join(folder, sysfs, "module/compression"), sysfs);
	const path = join(folder, `${sysfs}.ko.gz`);
	writeFileSync(path, packed.gzip);
	const script = fileURLToPath(new URL("../../support/programs/insertion-memory-session.js", import.meta.url));
	const record = join(folder, `${sysfs}.record`);
	const { stdout } = await promisify(execFile)(process.execPath, [script, path, join(folder, sysfs), record], {
		env: { ...process.env, ...standinEnvironment(record) },
	});
	return JSON.parse(stdout);
}

test("while an init runs, a file that the kernel unpacks has no part of the budget", async (t) => {
	t.deepEqual(await insertHolding("gzip"), { heldDuringInit: 0, heldInLongInit: 1, heldAfter: 1 });
});

test("while an init runs, the image alone is counted, and after ten seconds others do not wait for it", async (t) => {
	// During the init the image is held; later one byte more, for the caller that waited for it.
	t.deepEqual(await insertHolding("none"), { heldDuringInit: MIB, heldInLongInit: MIB + 1, heldAfter: 1 });
});

test("the budget has room for as many of Debian's largest modules as are unpacked at once on two threads", (t) => {
	t.true(DECODING_BUDGET_BYTES >= 4 * 2 * 30 * MIB);
});
