// Faults that the agent meets and survives: the executable, with a stand-in for the kernel's module loader.
import test, { type ExecutionContext } from "ava";
import { faultsSession } from "../../support/programs/faults-session.js";
import { runSession } from "../../support/running/network-namespace.js";

const suffer = (t: ExecutionContext, name: string) => runSession(t, faultsSession, name);

const endedWell = { status: 0, signal: null, stderr: "" };

test("killed in the middle of coldplug, and twice as a daemon, the next one brings everything up all the same", async (t) => {
	const { begun, live, wanted, ended } = await suffer(t, "killed");
	t.log(`begun before each was killed: ${begun.join(", ")} of ${wanted.length}`);
	for (const count of begun) t.true(count < wanted.length / 2, "it was killed too late");
	t.deepEqual(live, wanted);
	t.deepEqual(ended, endedWell);
});

test("indexes that are rewritten while aliases arrive, half of them without care, lose none, and the new ones count", async (t) => {
	const { readAgain, inserted, wanted, ended } = await suffer(t, "rewritten");
	t.true(readAgain);
	t.deepEqual(inserted, wanted);
	t.deepEqual(ended, endedWell);
});

test("four more modules than the bound hang, and fifty others are loaded long before", async (t) => {
	t.deepEqual(await suffer(t, "hanging"), {
		early: [],
		hung: 20,
		last_problem: "hang19 hangs",
		settled: { ok: true, settled: true, waiting_for: [] },
		begun: 70,
		ended: endedWell,
	});
});

test("each failure keeps its reason, keeps nobody else, and is tried again for another device alone", async (t) => {
	const { told, logged, once, repeated, again, message, ...rest } = await suffer(t, "failing");
	const codes = ["EBUSY", "EKEYREJECTED", "ENOENT", "ENOEXEC", "ENOMEM", "EPERM"];
	const modules = codes.map((code) => `bad_${code.toLowerCase()}`);
	t.deepEqual(rest, {
		failed: { EBUSY: 1, EKEYREJECTED: 1, ENOENT: 1, ENOEXEC: 1, ENOMEM: 1, EPERM: 1 },
		inserted: 12,
		ended: endedWell,
	});
	t.deepEqual(told.map((sentence: string) => /\((E\w+)\)$/.exec(sentence)?.[1]).sort(), codes);
	const errorLevel = 50;
	t.deepEqual(
		logged,
		[...codes, ...codes].sort().map((code) => `${errorLevel} ${code}`),
	);
	t.is(message, "bad_enoent: it needs a symbol that no live module has; see dmesg, and run depmod (ENOENT)");
	t.deepEqual(once, modules);
	t.deepEqual(repeated, modules);
	t.deepEqual(again, [...modules, ...modules].sort());
});

test("of modprobe.d, what cannot be read is told and the rest counts: a FIFO, a link to a device of another root, a file without end", async (t) => {
	t.deepEqual(await suffer(t, "unreadable"), {
		problems: 6,
		warned: [
			"circle.conf: cannot be followed (ELOOP), so it counts for nothing and hides no other of its name",
			"closed.conf: cannot be read (EACCES), so nothing in it counts",
			"folder.conf: Directories inside directories are not supported",
			"large.conf: cannot be read (it is larger than 16 MiB, the limit for a configuration file), so nothing in it counts",
			"pipe.conf: cannot be read (it is a FIFO, and no regular file), so nothing in it counts",
			"zeros.conf: is a dangling symbolic link, so it counts for nothing and hides no other of its name",
		],
		inserted: ["m"],
		ended: endedWell,
	});
});

test("what a depmod left that was interrupted is told, and no more once the next one has ended; the running agent sees both", async (t) => {
	t.deepEqual(await suffer(t, "interruptedDepmod"), { once: 1, again: 2, before: 1, after: 0, ended: endedWell });
});

test("a full disk takes the log's lines and nothing else, and later ones are written again", async (t) => {
	t.deepEqual(await suffer(t, "fullDisk"), {
		whileFull: false,
		afterwards: true,
		inserted: ["m", "n"],
		ended: endedWell,
	});
});

test("where the reader of its log goes away, it goes on, and ends well", async (t) => {
	t.deepEqual(await suffer(t, "readerGone"), { inserted: 1, exitStatus: 0 });
});

for (const [name, output] of [
	["pipeStuck", "pipe"],
	["socketStuck", "socket"],
] as const)
	test(`where nobody reads its log from a ${output}, it goes on, and says later how many lines were lost`, async (t) => {
		const { status, lines, lost, last } = await suffer(t, name);
		t.log(`${lines} lines written, ${lost} lost`);
		t.is(status, 0);
		t.is(last, "stopped");
		t.true(lost > 1000 && lines > 1000);
		// One line for each of the 8000-odd devices, and a few more.
		t.true(lines + lost > 8000 && lines + lost < 8030, `${lines} ${lost}`);
	});

test("of two that are started at once one says whose the machine is, and the other serves it", async (t) => {
	t.deepEqual(await suffer(t, "together"), {
		said: "hotplugd run: another hotplugd runs already, holding FOLDER/run/lock\n",
		status: 1,
		lines: 0,
		inserted: ["m"],
		ended: endedWell,
	});
});

test("SIGINT while modules are in flight lets them end, and begins nothing more", async (t) => {
	t.deepEqual(await suffer(t, "interrupted"), {
		before: [],
		running: ["m0", "m1", "m2"],
		afterwards: [
			["m0", "inserted"],
			["m1", "inserted"],
			["m2", "inserted"],
			["m3", "stopped"],
			["stopped", null],
		],
		inserted: ["m0", "m1", "m2"],
		ended: endedWell,
	});
});

test("what came up while it was stopped is loaded once it goes on", async (t) => {
	const { meanwhile, inserted, wanted, ended } = await suffer(t, "stopped");
	t.true(meanwhile <= 100, `${meanwhile}`);
	t.deepEqual(inserted, wanted);
	t.deepEqual(ended, endedWell);
});

for (const [code, times, outcome] of [
	["EINTR", 3, { calls: 4, result: "inserted" }],
	["EINTR", 100, { calls: 6, result: "failed", errno: "EINTR" }],
	["EAGAIN", 100, { calls: 1, result: "failed", errno: "EAGAIN" }],
] as const)
	test(`${code} from finit_module ${times} times: calls made ${outcome.calls}, ${outcome.result}`, async (t) => {
		t.deepEqual(await suffer(t, `${code}${times}`), { ...outcome, ended: endedWell });
	});
