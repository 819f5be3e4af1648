// The process that inserts modules for coldplug: its answers equal those of the kernel in the asking process; the fate of
// insertions when the process is gone.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import test from "ava";
import { readingLines } from "../../../src/linux/modules/insertion-protocol.js";
import { readRecord, standinEnvironment } from "../../support/fakes/standin.js";
import { type Insertion, inSession } from "../../support/programs/insertion-session.js";

const folder = mkdtempSync(join(tmpdir(), "insertion-process-"));
test.after.always(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

const image = Buffer.from(`\x7fELF${"no module at all ".repeat(900)}`, "latin1");
writeFileSync(at("plain.ko"), image);
writeFileSync(at("packed.ko"), gzipSync(image));
writeFileSync(at("cut.ko"), gzipSync(image).subarray(0, -6));

test("what comes of an insertion is what would come of it here, whatever its parameters and its file", async (t) => {
	const record = at("compared");
	const insertions: Insertion[] = [
		[at("plain.ko"), ""],
		[at("plain.ko"), 'debug=1 name="a\\nb" gr\xc3\xbcn=caf\xe9 \u0001'],
		[at("plain.ko"), "forced", { forceVermagic: true, forceModversion: true }],
		[at("plain.ko"), `standin.errno=${constants.errno.ENODEV}`],
		[at("plain.ko"), "standin.errno=129"],
		[at("packed.ko"), "a=1"],
		[at("cut.ko"), ""],
		[at("gone.ko"), ""],
		["gone/relative.ko", ""],
		[folder, ""],
		[`${at("plain.ko")}\0`, ""],
	];
	const { outcomes, expected, here, left } = await inSession("compare", insertions, standinEnvironment(record));
	t.deepEqual(outcomes, expected);
	t.deepEqual(here, []);
	t.is(left, "");
	t.is(outcomes.filter((outcome: unknown) => outcome === "done").length, 4);
	const calls = readRecord(record).map((call) => JSON.stringify(call));
	const half = calls.length / 2;
	t.true(half >= 6);
	t.deepEqual(calls.slice(0, half).sort(), calls.slice(half).sort());
});

test("there are no more insertions at once than it was told", async (t) => {
	const record = at("bound");
	const held = { path: at("plain.ko"), release: at("bound-released"), record };
	t.deepEqual(await inSession("bound", held, standinEnvironment(record)), { before: 2, after: 4 });
});

test("where it is not there, or ends at once, its asker inserts", async (t) => {
	writeFileSync(at("ends.cjs"), "process.exit(1)");
	writeFileSync(at("broken.cjs"), "no script");
	const scripts = [at("gone.js"), at("ends.cjs"), at("broken.cjs")];
	const path = at("plain.ko");
	const all = [`${path} a=1`, `${path} a=2`, `${path} later`];
	t.deepEqual(await inSession("unavailable", { scripts, path }, {}), [all, all, all]);
});

test("killed, what was in flight begins again at its asker's, and what comes later goes on there", async (t) => {
	const path = at("plain.ko");
	const release = at("never");
	t.deepEqual(await inSession("killed", { path, release }, standinEnvironment(at("killed"))), [
		`${path} standin.until=${release}`,
		`${path} later`,
	]);
});

test("its asker gone, it ends when what it has begun has ended, begins nothing more, and heeds no signal before", async (t) => {
	const record = at("forsaken");
	const given = { path: at("plain.ko"), release: at("released-"), record };
	const end = { stays: true, ends: true, begun: 1 };
	t.deepEqual(await inSession("forsaken", given, standinEnvironment(record)), [end, end]);
});

test("lines are read however they are cut", (t) => {
	const values = [{ a: "ü" }, { b: 2 }, { c: [] }];
	const bytes = Buffer.from(values.map((value) => `${JSON.stringify(value)}\n`).join(""));
	for (const size of [1, 2, 3, 7, bytes.length]) {
		const read: unknown[] = [];
		const take = readingLines((value) => void read.push(value));
		for (let from = 0; from < bytes.length; from += size) take(bytes.subarray(from, from + size));
		t.deepEqual(read, values);
	}
});
