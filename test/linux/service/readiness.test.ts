import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import test from "ava";
import { openReadiness } from "../../../src/linux/service/readiness.js";
import { compile } from "../../support/running/c-program.js";
import { startReceiver } from "../../support/running/notify-receiver.js";

const folder = mkdtempSync(join(tmpdir(), "readiness-"));
test.before(() => {
	compile("notify-receiver");
});
test.after.always(() => rmSync(folder, { recursive: true }));

const neverAProblem = {
	onProblem(problem: Error) {
		throw problem;
	},
};

for (const [kind, name] of [
	["a path", join(folder, "notify")],
	["a name in the abstract namespace", `@hotplugd-test-${randomUUID()}`],
] as const)
	test(`messages reach ${kind}, from this very process`, async (t) => {
		const receiver = await startReceiver(t, name);
		const readiness = await openReadiness(neverAProblem, { NOTIFY_SOCKET: name });
		for (const [say, expected] of [
			[() => readiness.ready(), "READY=1"],
			[() => readiness.status("a line\nand another"), "STATUS=a line and another"],
			[() => readiness.watchdog(), "WATCHDOG=1"],
			[() => readiness.stopping(), "STOPPING=1"],
		] as const) {
			say();
			t.like(await receiver.next(), { pid: process.pid, text: expected });
		}
	});

test("reloading tells when it began, by the clock of whoever compares it", async (t) => {
	const name = `@hotplugd-test-${randomUUID()}`;
	const receiver = await startReceiver(t, name);
	const readiness = await openReadiness(neverAProblem, { NOTIFY_SOCKET: name });
	readiness.ready();
	readiness.reloading();
	const { microseconds: earlier } = await receiver.next();
	const { microseconds: later, text } = await receiver.next();
	const [, began] = /^RELOADING=1\|MONOTONIC_USEC=(\d+)$/.exec(text) ?? [];
	t.true(Math.abs(Number(began) - earlier) < 60e6 && Number(began) <= later, `${earlier} ${began} ${later}`);
});

test("children are told of neither socket nor watchdog", async (t) => {
	const environment = { NOTIFY_SOCKET: "@x", WATCHDOG_USEC: "4000000", WATCHDOG_PID: `${process.pid}`, OTHER: "1" };
	await openReadiness(neverAProblem, environment);
	t.deepEqual(environment as object, { OTHER: "1" });
	process.env.NOTIFY_SOCKET = "@x";
	await openReadiness(neverAProblem);
	t.false("NOTIFY_SOCKET" in process.env);
	t.is(spawnSync("/bin/sh", ["-c", "echo $NOTIFY_SOCKET"], { encoding: "utf8" }).stdout, "\n");
});

const watchdogs: readonly [usec: string | undefined, pid: string | undefined, expected: number | undefined][] = [
	["4000000", undefined, 2000],
	["4000000", `${process.pid}`, 2000],
	["4000000", "1", undefined],
	["1", undefined, 1],
	["99999999999999", undefined, 2 ** 31 - 1],
	[undefined, undefined, undefined],
	["0", undefined, undefined],
	["-5", undefined, undefined],
	["soon", undefined, undefined],
	["", undefined, undefined],
];
test("the watchdog is fed at half of its time, if it is this process's", async (t) => {
	for (const [usec, pid, expected] of watchdogs) {
		const environment = {
			NOTIFY_SOCKET: "@x",
			...(usec !== undefined && { WATCHDOG_USEC: usec }),
			...(pid !== undefined && { WATCHDOG_PID: pid }),
		};
		t.is((await openReadiness(neverAProblem, environment)).watchdogMilliseconds, expected, `${usec} ${pid}`);
	}
	t.is((await openReadiness(neverAProblem, { WATCHDOG_USEC: "4000000" })).watchdogMilliseconds, undefined);
});

test("where nobody listens nothing is sent and nothing is wrong", async (t) => {
	const readiness = await openReadiness(neverAProblem, {});
	readiness.reloading();
	readiness.ready();
	readiness.status("");
	readiness.watchdog();
	readiness.stopping();
	t.is(readiness.watchdogMilliseconds, undefined);
});

test("what cannot be told is a problem, once, and no error", async (t) => {
	for (const [name, message] of [
		[join(folder, "nobody"), `notify ${folder}/nobody: ENOENT`],
		["@hotplugd-nobody", "notify @hotplugd-nobody: ECONNREFUSED"],
		["vsock:2:1234", "notify vsock:2:1234: EINVAL"],
		["relative", "notify relative: EINVAL"],
		["@", "notify @: EINVAL"],
		[`/${"x".repeat(108)}`, `notify /${"x".repeat(108)}: EINVAL`],
	] as const) {
		const problems: string[] = [];
		const readiness = await openReadiness(
			{ onProblem: (problem) => problems.push(problem.message) },
			{ NOTIFY_SOCKET: name },
		);
		readiness.ready();
		readiness.watchdog();
		readiness.stopping();
		t.deepEqual(problems, [message]);
	}
});

test("a service manager that does not read gets what matters later, in order, and keeps nobody waiting", async (t) => {
	const name = join(folder, "slow");
	const receiver = await startReceiver(t, name, true);
	const readiness = await openReadiness(neverAProblem, { NOTIFY_SOCKET: name });
	// More datagrams than the kernel queues for a socket (net.unix.max_dgram_qlen).
	const most = Number(readFileSync("/proc/sys/net/unix/max_dgram_qlen", "latin1"));
	const count = most + 50;
	for (let i = 0; i < count; i++) readiness.reloading();
	readiness.watchdog();
	readiness.ready();
	readiness.stopping();
	await setTimeout(100);
	receiver.hear();
	for (let i = 0; i < count; i++) t.regex((await receiver.next()).text, /^RELOADING=1\|/);
	t.is((await receiver.next()).text, "READY=1");
	t.is((await receiver.next()).text, "STOPPING=1");
	readiness.watchdog();
	t.is((await receiver.next()).text, "WATCHDOG=1");
});

/** A FIFO with both ends open. */
function openPipe(): { readonly path: string; readonly reading: number; readonly writing: number } {
	const path = join(folder, randomUUID());
	const { status } = spawnSync("mkfifo", [path]);
	if (status !== 0) throw new Error(`mkfifo ends with ${status}`);
	// A descriptor for reading and writing opens at once; with it open, neither of the other two waits for its peer.
	const both = openSync(path, "r+");
	const reading = openSync(path, "r");
	const writing = openSync(path, "w");
	closeSync(both);
	return { path, reading, writing };
}

/**
 * Resolves when nobody has the reading end open: a child that another test file's thread forks has it open, too, until it calls
 * execve(2).
 */
async function untilUnread(path: string): Promise<void> {
	for (;;) {
		try {
			closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
		} catch {
			return;
		}
		await setTimeout(1);
	}
}

test("a newline is written to the descriptor when it is ready, once, and that is closed", async (t) => {
	const { reading, writing } = openPipe();
	const readiness = await openReadiness({ ...neverAProblem, notifyFd: writing }, {});
	readiness.reloading();
	readiness.ready();
	readiness.ready();
	const buffer = Buffer.alloc(10);
	t.is(readSync(reading, buffer), 1);
	t.is(buffer.toString("latin1", 0, 1), "\n");
	t.is(readSync(reading, buffer), 0, "it is not closed");
	closeSync(reading);
});

test("a descriptor whose reader has gone is a problem, and no error", async (t) => {
	const { path, reading, writing } = openPipe();
	const problems: string[] = [];
	const readiness = await openReadiness({ notifyFd: writing, onProblem: ({ message }) => problems.push(message) }, {});
	closeSync(reading);
	await untilUnread(path);
	readiness.ready();
	t.deepEqual(problems, [`write to file descriptor ${writing}: EPIPE`]);
});

test("a descriptor that is not open, or none of those that it was given, is refused", async (t) => {
	await t.throwsAsync(openReadiness({ ...neverAProblem, notifyFd: 9999 }, {}), {
		name: "Refusal",
		message: "write to file descriptor 9999: EBADF",
	});
	const directory = openSync(folder, "r");
	t.teardown(() => closeSync(directory));
	await t.throwsAsync(openReadiness({ ...neverAProblem, notifyFd: directory }, {}), {
		name: "Refusal",
		message: `write to file descriptor ${directory}: EINVAL`,
	});
});
