import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import test from "ava";
import { build } from "esbuild";
import { inPool } from "../../../src/linux/native/thread-pool.js";
import { standinEnvironment } from "../../support/fakes/standin.js";

const folder = mkdtempSync(join(tmpdir(), "thread-pool-"));
test.after.always(() => rmSync(folder, { recursive: true }));

const bundle = fileURLToPath(new URL("../support/pool-session.cjs", import.meta.url));
test.before(async () => {
	const entryPoint = fileURLToPath(new URL("../../support/programs/pool-session.js", import.meta.url));
	await build({
		entryPoints: [entryPoint],
		outfile: bundle,
		bundle: true,
		format: "cjs",
		platform: "node",
		external: ["koffi"],
	});
});

type Insertions = { readonly parallel: number; readonly count: number; readonly expected: number };

async function sleepTogether(name: string, { parallel, count, expected }: Insertions, userThreads?: number) {
	const work = join(folder, name);
	mkdirSync(work);
	const record = join(work, "record");
	const { UV_THREADPOOL_SIZE: _, ...environment } = process.env;
	const env = {
		...environment,
		...standinEnvironment(record),
		...(userThreads && { UV_THREADPOOL_SIZE: String(userThreads) }),
	};
	const { stdout } = await promisify(execFile)(
		process.execPath,
		[bundle, String(parallel), String(count), String(expected), work, record],
		{ env },
	);
	return JSON.parse(stdout);
}

test("as many insertions as asked sleep at once, the others wait, and file reads go on", async (t) => {
	const told = await sleepTogether("asked", { parallel: 16, count: 40, expected: 16 });
	t.deepEqual(told, { sleeping: 16, sleepingAfterReads: 16, read: 1, done: 40 });
});

test("a larger pool of the user's stays", async (t) => {
	const told = await sleepTogether("larger", { parallel: 2, count: 40, expected: 20 }, 24);
	t.deepEqual(told, { sleeping: 20, sleepingAfterReads: 20, read: 1, done: 40 });
});

test("a smaller pool of the user's is made large enough", async (t) => {
	const told = await sleepTogether("smaller", { parallel: 12, count: 12, expected: 12 }, 2);
	t.deepEqual(told, { sleeping: 12, sleepingAfterReads: 12, read: 1, done: 12 });
});

test("calls begin in the order in which they were asked for, and one that fails frees its thread", async (t) => {
	const begun: number[] = [];
	const outcomes = await Promise.allSettled(
		Array.from({ length: 50 }, (_, i) =>
			inPool(async () => {
				begun.push(i);
				await new Promise((resolve) => setImmediate(resolve));
				if (i % 2) throw new Error("odd");
				return i;
			}),
		),
	);
	t.deepEqual(
		begun,
		Array.from({ length: 50 }, (_, i) => i),
	);
	t.is(outcomes.filter(({ status }) => status === "rejected").length, 25);
});
