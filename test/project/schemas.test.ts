// The schemas of schemas/ are made from the types that the library exports.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import test from "ava";

const folder = mkdtempSync(join(tmpdir(), "schemas-"));
test.after.always(() => rmSync(folder, { recursive: true }));

const read = (from: string, name: string): string => readFileSync(join(from, name), "utf8");

test("they are what the types make now", (t) => {
	t.timeout(180_000);
	// A process of its own, whose memory for the compiler goes with it.
	execFileSync(process.execPath, [resolve("scripts/schemas.mjs"), folder]);
	const made = readdirSync(folder);
	t.true(made.length >= 4);
	for (const name of made) t.is(read("schemas", name), read(folder, name), `${name}: run npm run schemas`);
	t.deepEqual(readdirSync("schemas").toSorted(), made.toSorted());
});
