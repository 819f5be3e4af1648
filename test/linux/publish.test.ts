import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { Refusal } from "../../src/libkmod/kernel.js";
import { publish } from "../../src/linux/publish.js";

const newFiles = (...names: readonly string[]) => new Map(names.map((name) => [name, Buffer.from("new")]));

test("what cannot be replaced keeps everything as it was", async (t) => {
	const folder = mkdtempSync(join(tmpdir(), "publish-"));
	t.teardown(() => rmSync(folder, { recursive: true }));
	writeFileSync(join(folder, "modules.dep"), "old");
	mkdirSync(join(folder, "modules.symbols"));
	const error = await t.throwsAsync(publish(folder, newFiles("modules.dep", "modules.alias", "modules.symbols")), {
		instanceOf: Refusal,
	});
	t.is(`${error.operation} ${error.code} ${error.subject}`, `replace EISDIR ${folder}/modules.symbols`);
	t.deepEqual(readdirSync(folder).sort(), ["modules.dep", "modules.symbols"]);
	t.is(readFileSync(join(folder, "modules.dep"), "latin1"), "old");
});

test("files are readable by all and writable by their owner, whatever the old ones were", async (t) => {
	const folder = mkdtempSync(join(tmpdir(), "publish-"));
	t.teardown(() => rmSync(folder, { recursive: true }));
	writeFileSync(join(folder, "modules.dep"), "old", { mode: 0o600 });
	await publish(folder, newFiles("modules.dep", "modules.alias"));
	for (const name of ["modules.dep", "modules.alias"])
		t.is(statSync(join(folder, name)).mode & 0o777, 0o644 & ~process.umask(), name);
});
