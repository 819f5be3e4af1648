import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { takeSpooled } from "../../src/linux/spool.js";

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
