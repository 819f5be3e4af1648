import { spawn } from "node:child_process";
import { once } from "node:events";
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { lockInstance } from "../../../src/linux/service/instance-lock.js";
import { instanceSession } from "../../support/programs/instance-session.js";
import { type CallName, withFates } from "../../support/running/file-system-calls.js";

/** The path of a directory that does not exist yet. */
function makePath(t: ExecutionContext): string {
	const folder = mkdtempSync(join(tmpdir(), "instance-"));
	t.teardown(() => rmSync(folder, { recursive: true, force: true }));
	return join(folder, "run");
}

async function startInstance(t: ExecutionContext, directory: string) {
	const child = spawn(process.execPath, [instanceSession, directory], { stdio: ["pipe", "pipe", "inherit"] });
	t.teardown(() => child.kill("SIGKILL"));
	const [said] = await once(child.stdout, "data");
	return { child, pid: child.pid, said: JSON.parse(String(said)) };
}

test("of two processes the first has the lock, and the second is told whose it is, until that is gone", async (t) => {
	const directory = makePath(t);
	const first = await startInstance(t, directory);
	t.true(first.said.held);
	t.is(statSync(directory).mode & 0o777, 0o700);
	t.is(readFileSync(join(directory, "lock"), "latin1"), `${first.pid}\n`);
	const second = await startInstance(t, directory);
	t.deepEqual(second.said, { held: false, file: join(directory, "lock"), pid: first.pid });
	t.deepEqual(await lockInstance(directory), { held: false, file: join(directory, "lock"), pid: first.pid });
	first.child.kill("SIGKILL");
	await once(first.child, "exit");
	const third = await startInstance(t, directory);
	t.true(third.said.held);
	t.is(readFileSync(join(directory, "lock"), "latin1"), `${third.pid}\n`);
});

test("a released lock is anybody's", async (t) => {
	const directory = makePath(t);
	const first = await lockInstance(directory);
	t.false((await lockInstance(directory)).held);
	if (first.held) first.release();
	const second = await lockInstance(directory);
	t.true(second.held);
	if (second.held) second.release();
});

test("what an earlier process left in the file, however long, counts for nothing", async (t) => {
	const directory = makePath(t);
	mkdirSync(directory, { mode: 0o700 });
	const file = join(directory, "lock");
	writeFileSync(file, "12345678901234567890\nand more\n");
	const lock = await lockInstance(directory);
	t.is(readFileSync(file, "latin1"), `${process.pid}\n`);
	writeFileSync(file, "rubbish");
	t.deepEqual(await lockInstance(directory), { held: false, file, pid: undefined });
	if (lock.held) lock.release();
});

test("a child of the holder does not keep the lock", async (t) => {
	const directory = makePath(t);
	const lock = await lockInstance(directory);
	const child = spawn("sleep", ["60"]);
	t.teardown(() => child.kill());
	await once(child, "spawn");
	if (lock.held) lock.release();
	t.true((await lockInstance(directory)).held);
});

/** The number of this process's descriptors that refer to the file. */
function countOpen(path: string): number {
	const links = readdirSync("/proc/self/fd").map((fd) => {
		// The descriptor that listed the directory is closed by now.
		return existsSync(`/proc/self/fd/${fd}`) ? readlinkSync(`/proc/self/fd/${fd}`) : "";
	});
	return links.filter((link) => link === path).length;
}

const failing = (call: CallName, act: () => Promise<unknown>) =>
	withFates((name) => (name === call ? "EIO" : undefined), act);

test.serial("a lock whose file cannot be written or read is told, and nothing of it stays open", async (t) => {
	const directory = makePath(t);
	const file = join(directory, "lock");
	for (const call of ["ftruncateSync", "writeSync"] as const) {
		await failing(call, () => t.throwsAsync(lockInstance(directory), { message: `write to ${file}: EIO` }));
		t.is(countOpen(file), 0);
	}
	const lock = await lockInstance(directory);
	t.true(lock.held);
	await failing("readSync", () => t.throwsAsync(lockInstance(directory), { message: `read ${file}: EIO` }));
	t.is(countOpen(file), 1);
	if (lock.held) lock.release();
	t.is(countOpen(file), 0);
});

test("a link in place of the file is not followed", async (t) => {
	const directory = makePath(t);
	mkdirSync(directory, { mode: 0o700 });
	const precious = join(directory, "precious");
	writeFileSync(precious, "precious");
	symlinkSync(precious, join(directory, "lock"));
	await t.throwsAsync(lockInstance(directory), { name: "Refusal", message: `open ${directory}/lock: ELOOP` });
	t.is(readFileSync(precious, "latin1"), "precious");
});
