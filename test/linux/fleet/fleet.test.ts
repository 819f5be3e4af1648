import { execFileSync, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { openFleet } from "../../../src/linux/fleet/fleet.js";
import { until } from "../../support/running/until.js";

const script = fileURLToPath(new URL("../../support/programs/batch-session.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "fleet-lines-"));
test.after.always(() => rmSync(folder, { recursive: true }));

async function answersTo(input: string, onAnswer: (answer: readonly string[]) => Promise<void>): Promise<void> {
	await openFleet(script, 2).answerLines<readonly string[]>({ input, task: "", onAnswer });
}

async function allAnswersTo(input: string): Promise<readonly string[]> {
	const all: string[] = [];
	await answersTo(input, async (answer) => void all.push(...answer));
	return all;
}

function makePipe(name: string): string {
	const path = join(folder, name);
	execFileSync("mkfifo", [path]);
	return path;
}

const numbered = (lines: readonly string[]): readonly string[] => lines.map((line, at) => `${at + 1}: ${line}`);

test("every line of a file has its answer, in order, also the last without a newline", async (t) => {
	const lines = Array.from({ length: 60_000 }, (_, number) => `line ${number} ${"x".repeat(number % 97)}`);
	const path = join(folder, "lines");
	writeFileSync(path, lines.join("\n"));
	t.deepEqual(await allAnswersTo(path), numbered(lines));
	writeFileSync(path, execFileSync("gzip", ["-c", path]));
	t.deepEqual(await allAnswersTo(path), numbered(lines));
});

test("an input that cannot be read is refused, and one that is cut off after its lines were answered", async (t) => {
	await t.throwsAsync(allAnswersTo(join(folder, "absent")), { instanceOf: Refusal, code: "ENOENT" });
	await t.throwsAsync(allAnswersTo(folder), { instanceOf: Refusal, code: "EISDIR" });
	const lines = Array.from({ length: 5000 }, (_, number) => `line ${number} ${(number * 7919) % 10_007}`);
	const path = join(folder, "cut.gz");
	const packed = execFileSync("gzip", ["-c"], { input: lines.join("\n") });
	writeFileSync(path, packed.subarray(0, packed.length >> 1));
	const all: string[] = [];
	await t.throwsAsync(
		answersTo(path, async (answer) => void all.push(...answer)),
		{ instanceOf: Refusal, code: "EINVAL" },
	);
	t.true(all.length > 1000 && all.length < lines.length, `${all.length}`);
	t.deepEqual(all, numbered(lines).slice(0, all.length));
});

test("lines of a slow pipe are answered as they come, before the pipe ends", async (t) => {
	const path = makePipe("slow");
	const all: string[] = [];
	const answered = answersTo(path, async (answer) => void all.push(...answer));
	const writer = openSync(path, "w");
	for (const line of ["one", "two", "slow", "four"]) {
		const before = all.length;
		writeFileSync(writer, `${line}\nfi`);
		writeFileSync(writer, "ve\n");
		await until(() => all.length === before + 2);
	}
	closeSync(writer);
	await answered;
	t.deepEqual(all, numbered(["one", "five", "two", "five", "slow", "five", "four", "five"]));
});

test("a reader that has gone ends it, while the writer of the pipe says nothing", async (t) => {
	const path = makePipe("silent");
	const answered = answersTo(path, async () => {
		throw new Error("the reader has gone");
	});
	const writer = openSync(path, "w");
	writeFileSync(writer, "one\n");
	await t.throwsAsync(answered, { message: "the reader has gone" });
	closeSync(writer);
});

test("while the reader of answers waits, no more of the input is read than there is room for", async (t) => {
	const path = makePipe("pressed");
	let letGo = (): void => undefined;
	const reading = new Promise<void>((resolve) => (letGo = resolve));
	let answers = 0;
	const answered = answersTo(path, async (answer) => {
		await reading;
		answers += answer.length;
	});
	const total = 100_000;
	// 100 MB: the program stands still as soon as nothing reads its pipe.
	const writer = spawn(process.execPath, [
		"-e",
		`const { openSync, writeSync, writeFileSync } = require("node:fs");
		const fd = openSync(process.argv[1], "w");
		const line = Buffer.from("x".repeat(999) + "\\n");
		for (let n = 0; n < ${total}; n++) { writeSync(fd, line); if (n % 1000 === 999) writeFileSync(process.argv[2], String(n + 1)); }`,
		...[path, join(folder, "written")],
	]);
	const written = (): number => Number(execFileSync("cat", [join(folder, "written")], { encoding: "utf8" }));
	let last = -1;
	await until(async () => {
		await new Promise((resolve) => setTimeout(resolve, 300));
		try {
			const now = written();
			const stands = now === last;
			last = now;
			return stands;
		} catch {
			return false;
		}
	});
	// Eight batches of a mebibyte with those that wait, one that is filled, and the pipe's own 64 KiB.
	t.true(last <= 12_000, `${last} lines were written`);
	letGo();
	await answered;
	t.is(answers, total);
	writer.kill();
});
