import { execFileSync } from "node:child_process";
import {
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { putSpooled, takeSpooled } from "../../../src/linux/service/request-spool.js";

function makeSpool(t: ExecutionContext, files: Readonly<Record<string, string>>): string {
	const directory = mkdtempSync(join(tmpdir(), "spool-"));
	t.teardown(() => rmSync(directory, { recursive: true }));
	for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content, "latin1");
	return directory;
}

test("requests are taken by their time, and once", (t) => {
	const directory = makeSpool(t, { "2.9": "w second\n", "1.5": "k first\n", "3.1": "n \xe9\xff\n" });
	t.deepEqual(
		takeSpooled(directory),
		["k first", "w second", "n \xe9\xff"].map((line) => Buffer.from(line, "latin1")),
	);
	t.deepEqual(readdirSync(directory), []);
});

test("what is still being written is left", (t) => {
	const directory = makeSpool(t, { ".77": "w half" });
	t.deepEqual(takeSpooled(directory), []);
	t.deepEqual(readdirSync(directory), [".77"]);
});

test("what a dead process was writing is thrown away, and counts no more", (t) => {
	const nameOf = (seconds: bigint) => `.${`${seconds}`.padStart(12, "0")}.000000000.0123456789abcdef`;
	const now = process.hrtime.bigint() / 1_000_000_000n;
	const directory = makeSpool(t, { [nameOf(now)]: "w half", [nameOf(now - 100n)]: "w ha" });
	t.deepEqual(takeSpooled(directory), []);
	t.deepEqual(readdirSync(directory), [nameOf(now)]);
});

test("a link planted where a process may be about to write is not written through", (t) => {
	const directory = makeSpool(t, {});
	const target = join(makeSpool(t, { target: "kept" }), "target");
	symlinkSync(target, join(directory, `.${process.pid}`));
	putSpooled(directory, Buffer.from("n a"));
	t.is(readFileSync(target, "latin1"), "kept");
	t.deepEqual(takeSpooled(directory).map(String), ["n a"]);
});

test("what is no whole line is thrown away", (t) => {
	const directory = makeSpool(t, {
		1: "",
		2: "\n",
		3: "w without its end",
		4: "w one\nw two\n",
		5: `w ${"a".repeat(8193)}\n`,
		6: "w good\n",
		7: "w huge\n".padEnd(2 ** 20),
	});
	symlinkSync("/etc/hostname", join(directory, "8"));
	mkdirSync(join(directory, "9"));
	execFileSync("mkfifo", [join(directory, "10")]);
	t.deepEqual(takeSpooled(directory).map(String), ["w good"]);
	t.deepEqual(readdirSync(directory), []);
});

test("the longest alias is taken", (t) => {
	t.is(takeSpooled(makeSpool(t, { 1: `w ${"a".repeat(8192)}\n` }))[0]?.length, 8194);
});

test("of too many the first are taken, and none is left", (t) => {
	const many = Array.from({ length: 1100 }, (_, i) => [`${i}`.padStart(5, "0"), `w ${i}\n`]);
	const directory = makeSpool(t, Object.fromEntries(many));
	const taken = takeSpooled(directory);
	t.is(taken.length, 1024);
	t.is(String(taken.at(-1)), "w 1023");
	t.deepEqual(readdirSync(directory), []);
});

test("a spool that is not there is empty", (t) => {
	t.deepEqual(takeSpooled("/nonexistent/spool"), []);
});

test("what is put there is taken whole and in its order, after what was there", (t) => {
	const directory = join(makeSpool(t, {}), "of/its/own");
	const lines = ["n first", "k \xe9\xff", "n third"].map((line) => Buffer.from(line, "latin1"));
	for (const line of lines) putSpooled(directory, line);
	t.is(statSync(directory).mode & 0o777, 0o700);
	t.true(readdirSync(directory).every((name) => /^[0-9]{12}\.[0-9]{9}\.[0-9]+$/.test(name)));
	t.deepEqual(takeSpooled(directory), lines);
});

test("only so many are put there", (t) => {
	const directory = makeSpool(t, Object.fromEntries(Array.from({ length: 1024 }, (_, i) => [`${i}`, "w a\n"])));
	t.throws(() => putSpooled(directory, Buffer.from("n b")), { message: `add to ${directory}: ENOSPC` });
	t.is(readdirSync(directory).length, 1024);
});

test("a spool that cannot be written is a refusal", (t) => {
	const directory = makeSpool(t, { file: "" });
	t.throws(() => putSpooled(join(directory, "file"), Buffer.from("n b")), { name: "Refusal" });
});
