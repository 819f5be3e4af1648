// Runs an insertion process, so that a library can be preloaded into this process and its child. The argument names the scenario;
// the result is printed as JSON.

import { execFile, spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type InsertFlags, type Kernel, Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { beginInsertionProcess } from "../../../src/linux/modules/insertion-process.js";
import { openKernel } from "../../../src/linux/modules/kernel.js";
import type { CallOutcome } from "./kernel-session.js";

const session = fileURLToPath(import.meta.url);
/** dist/test/support -> dist */
const script = fileURLToPath(new URL("../../../insertion-process.js", import.meta.url));

export type Insertion = readonly [path: string, parameters: string, flags?: InsertFlags];

/** @param environment variables in addition to those of this process */
export async function inSession(
	name: keyof typeof scenarios,
	given: unknown,
	environment: Readonly<Record<string, string>>,
) {
	const { stdout } = await promisify(execFile)(process.execPath, [session, name, JSON.stringify(given)], {
		env: { ...process.env, ...environment },
		maxBuffer: 2 ** 26,
	});
	return JSON.parse(stdout);
}

async function outcomeOf(insertion: Promise<void>): Promise<CallOutcome> {
	try {
		await insertion;
		return "done";
	} catch (error) {
		if (!(error instanceof Refusal)) throw error;
		return [error.operation, error.subject, error.code, error.errno];
	}
}

/** An insert() of the asking process that only records its calls. */
function insertingHere(): { readonly insert: Kernel["insert"]; readonly here: string[] } {
	const here: string[] = [];
	return { here, insert: async (path, parameters) => void here.push(`${path} ${parameters}`.trimEnd()) };
}

function childOf(pid: number): number {
	return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim().split(" ")[0]);
}

async function until(condition: () => boolean): Promise<boolean> {
	for (const over = performance.now() + 30_000; performance.now() < over; await setTimeout(10))
		if (condition()) return true;
	return false;
}

const scenarios = {
	/** The outcomes of the same insertions by an insertion process, and by the kernel in this process. */
	async compare(insertions: readonly Insertion[]) {
		const { insert, here } = insertingHere();
		const there = beginInsertionProcess({ script, insertHere: insert });
		there.size(4);
		const outcomes = await Promise.all(insertions.map((given) => outcomeOf(there.insert(...given))));
		await there.close();
		const kernel = openKernel();
		const expected = await Promise.all(insertions.map((given) => outcomeOf(kernel.insert(...given))));
		return { outcomes, expected, here, left: childrenLeft() };
	},

	/** No more than two insertions run at once: the others begin when one has ended. */
	async bound({ path, release, record }: Held & { readonly record: string }) {
		const there = beginInsertionProcess({ script, insertHere: insertingHere().insert });
		there.size(2);
		const all = [1, 2, 3, 4].map((n) => there.insert(path, `n=${n} standin.until=${release}`));
		const begun = () => (existsSync(record) ? readFileSync(record, "utf8").split("\n").length - 1 : 0);
		await until(() => begun() === 2);
		await setTimeout(300);
		const before = begun();
		writeFileSync(release, "");
		await Promise.all(all);
		await there.close();
		return { before, after: begun() };
	},

	async unavailable({ scripts, path }: { readonly scripts: readonly string[]; readonly path: string }) {
		const all: string[][] = [];
		for (const one of scripts) {
			const { insert, here } = insertingHere();
			const there = beginInsertionProcess({ script: one, insertHere: insert });
			there.size(4);
			await Promise.all([there.insert(path, "a=1"), there.insert(path, "a=2")]);
			await there.insert(path, "later");
			await there.close();
			all.push(here.sort());
		}
		return all;
	},

	async killed({ path, release }: Held) {
		const { insert, here } = insertingHere();
		const there = beginInsertionProcess({ script, insertHere: insert });
		there.size(4);
		await there.insert(path, "ended");
		const held = there.insert(path, `standin.until=${release}`);
		process.kill(childOf(process.pid), "SIGKILL");
		await held;
		await there.insert(path, "later");
		await there.close();
		return here;
	},

	/** The insertion process is closed, or its asker is killed, with one insertion in flight and one that waits for its turn. */
	async forsaken({ path, release, record }: Held & { readonly record: string }) {
		const ends: object[] = [];
		for (const how of ["close", "kill"]) {
			const asker = spawn(
				process.execPath,
				[session, "forsake", JSON.stringify({ path, release: release + how, how })],
				{
					stdio: ["ignore", "pipe", "inherit"],
				},
			);
			const pid = await new Promise<number>((resolve) => asker.stdout.on("data", (text) => resolve(Number(text))));
			const begun = () =>
				readFileSync(record, "utf8")
					.split("\n")
					.filter((line) => line.includes(how)).length;
			await until(() => existsSync(record) && begun() === 1);
			if (how === "kill") asker.kill("SIGKILL");
			else asker.kill("SIGUSR2");
			await new Promise((resolve) => asker.once("exit", resolve));
			for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1"] as const) process.kill(pid, signal);
			await setTimeout(300);
			const stays = existsSync(`/proc/${pid}`);
			writeFileSync(release + how, "");
			ends.push({ stays, ends: await until(() => !existsSync(`/proc/${pid}`)), begun: begun() });
		}
		return ends;
	},

	async forsake({ path, release, how }: Held & { readonly how: string }) {
		const there = beginInsertionProcess({ script, insertHere: insertingHere().insert });
		there.size(1);
		for (const place of ["first", "second"]) void there.insert(path, `${how}=${place} standin.until=${release}`);
		process.on("SIGUSR2", async () => {
			await there.close();
			process.exit(0);
		});
		console.log(childOf(process.pid));
		await setTimeout(60_000);
	},
};

type Held = { readonly path: string; readonly release: string };

/** The children of this process. A child that has ended has been waited for, and so is not among them. */
function childrenLeft(): string {
	return readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, "latin1").trim();
}

if (process.argv[1] === session) {
	const [, , name = "", given = "null"] = process.argv;
	const scenario = scenarios[name as keyof typeof scenarios] as (given: unknown) => Promise<unknown>;
	console.log(JSON.stringify(await scenario(JSON.parse(given))));
}
