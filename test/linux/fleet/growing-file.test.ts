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
import test from "ava";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { growFile } from "../../../src/linux/fleet/growing-file.js";

const folder = mkdtempSync(join(tmpdir(), "growing-"));
test.after.always(() => rmSync(folder, { recursive: true }));

const module = new URL("../../../src/linux/fleet/growing-file.js", import.meta.url).href;

test("a file appears whole when it is finished, and an old one is there until then", async (t) => {
	const path = join(folder, "table.csv");
	writeFileSync(path, "old");
	const file = await growFile(path);
	await file.write(Buffer.from("one,"));
	t.is(readFileSync(path, "utf8"), "old");
	await file.write(Buffer.from("two"));
	await file.finish();
	t.is(readFileSync(path, "utf8"), "one,two");
	file.drop();
	t.is(readFileSync(path, "utf8"), "one,two");
});

test("what is dropped leaves nothing behind, and an old file as it was", async (t) => {
	mkdirSync(join(folder, "dropped"));
	const path = join(folder, "dropped/table.csv");
	writeFileSync(path, "old");
	const file = await growFile(path);
	await file.write(Buffer.from("new"));
	file.drop();
	file.drop();
	t.is(readFileSync(path, "utf8"), "old");
	t.deepEqual(readdirSync(join(folder, "dropped")), ["table.csv"]);
});

test("a link is followed, and a directory, a device and a place that is not there are refused", async (t) => {
	const target = join(folder, "target");
	writeFileSync(target, "old", { mode: 0o600 });
	symlinkSync(target, join(folder, "link"));
	const file = await growFile(join(folder, "link"));
	await file.write(Buffer.from("new"));
	await file.finish();
	t.is(readFileSync(target, "utf8"), "new");
	t.is(statSync(target).mode & 0o777, 0o600);
	for (const path of [folder, "/dev/null", join(folder, "absent/table.csv")])
		await t.throwsAsync(growFile(path), { instanceOf: Refusal }, path);
});

test("a pipe that does not block, and is full, gets all of it in the end", (t) => {
	const program = `import { printSoon } from "${module}"; await printSoon(Buffer.alloc(300_000, "x"));`;
	// A pipe whose writer's end does not block: node itself makes it so for a child's output.
	const shell = `{ ${JSON.stringify(process.execPath)} -e 'new (require("node:net").Socket)({ fd: 1, readable: false, writable: true }); process.exit()'; exec ${JSON.stringify(process.execPath)} --input-type=module -e "$1"; } | { sleep 0.5; wc -c; }`;
	t.is(execFileSync("bash", ["-c", shell, "bash", program], { encoding: "utf8" }).trim(), "300000");
});
