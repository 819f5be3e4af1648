import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { lockDirectory } from "../../../src/linux/depmod/directory-lock.js";
import { lockHolder } from "../../support/programs/lock-holder.js";

function makeFolder(t: ExecutionContext): string {
	const folder = mkdtempSync(join(tmpdir(), "lock-"));
	t.teardown(() => rmSync(folder, { recursive: true, force: true }));
	return folder;
}

const at = (patienceMilliseconds: number, more: Partial<Parameters<typeof lockDirectory>[1]> = {}) => ({
	make: false,
	patienceMilliseconds,
	onWait: () => undefined,
	...more,
});

test("one has it at a time, the next as soon as it is released, and no file is left behind", async (t) => {
	const folder = makeFolder(t);
	const first = await lockDirectory(folder, at(0));
	t.true(first.held);
	t.like(await lockDirectory(folder, at(0)), { held: false, reason: { operation: "lock", code: "ETIMEDOUT" } });
	const waited: string[] = [];
	const second = lockDirectory(folder, at(60_000, { onWait: () => waited.push("waited") }));
	setTimeout(() => first.held && first.release(), 1200);
	const lock = await second;
	t.true(lock.held);
	if (lock.held) lock.release();
	t.deepEqual(waited, ["waited"]);
	t.deepEqual(readdirSync(folder), []);
});

test("it goes with its process, however that ends", async (t) => {
	const folder = makeFolder(t);
	const holder = spawn(process.execPath, [lockHolder, folder], { stdio: ["pipe", "pipe", "inherit"] });
	t.teardown(() => holder.kill("SIGKILL"));
	const [said] = await once(holder.stdout, "data");
	t.is(String(said), "held\n");
	t.like(await lockDirectory(folder, at(200)), { held: false, reason: { code: "ETIMEDOUT" } });
	holder.kill("SIGKILL");
	const lock = await lockDirectory(folder, at(60_000));
	t.true(lock.held);
	if (lock.held) lock.release();
});

test("where another directory has taken the name meanwhile, that one is locked", async (t) => {
	const folder = join(makeFolder(t), "modules");
	mkdirSync(folder);
	const first = await lockDirectory(folder, at(0));
	const second = lockDirectory(folder, at(60_000));
	renameSync(folder, `${folder}.old`);
	mkdirSync(folder);
	const lock = await second;
	t.true(lock.held);
	t.false((await lockDirectory(folder, at(0))).held);
	for (const one of [first, lock]) if (one.held) one.release();
});

test("a directory that is not there is made where that is asked for, or is the reason", async (t) => {
	const folder = join(makeFolder(t), "a/b");
	t.like(await lockDirectory(folder, at(0)), { held: false, reason: { operation: "open", code: "ENOENT" } });
	t.false(existsSync(folder));
	const lock = await lockDirectory(folder, at(0, { make: true }));
	t.true(lock.held);
	if (lock.held) lock.release();
});
