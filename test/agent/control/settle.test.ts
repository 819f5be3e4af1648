import test from "ava";
import type { Command, Unfinished } from "../../../src/agent/commands/command-pool.js";
import { type SettleOptions, settle } from "../../../src/agent/control/settle.js";
import { beforeAll, type Progress } from "../../../src/agent/pipeline/progress.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";

type Situation = {
	waiting?: number;
	seqnum?: number;
	looking?: boolean;
	running?: readonly string[];
	hung?: readonly string[];
	queued?: number;
	udevQueue?: boolean;
	deaf?: boolean;
	reloading?: boolean;
	/** The unfinished commands of policy, by number, with their pids. */
	commands?: Readonly<Record<number, number>>;
	/** The pids of modules' install commands, by module. */
	installs?: Readonly<Record<string, number>>;
};

const command = (number: number): Command => ({
	device: `/devices/${number}`,
	action: "add",
	rule: { file: "/r.toml", line: number },
	command: ["/bin/x"],
	environment: {},
	timeoutMilliseconds: 1000,
});

type Asking = {
	/** The lineage of the client. */
	readonly lineage?: readonly number[];
	/** The pids in the lineages of all waiting clients; those of the client when absent. */
	readonly waiting?: readonly number[];
};

/** Makes the options of settle. Each pause leads to the next situation; the last situation stays. */
function setUp(source: SettleOptions["source"], situations: readonly Situation[], asking: Asking = {}) {
	const { lineage = [], waiting: asked = lineage } = asking;
	let now = 0;
	let checks = 0;
	let ended = 0;
	const at = (): Situation => situations[Math.min(now, situations.length - 1)]!;
	const progress = (): Progress => {
		const { waiting = 0, seqnum, deaf = false, looking = false } = at();
		const socket = deaf ? undefined : { waiting: () => waiting };
		return { ...beforeAll, socket, seqnum, isLookDue: false, isLooking: looking, ended };
	};
	const options: SettleOptions = {
		progress,
		checkLosses: () => void checks++,
		source,
		lineage,
		isReloading: () => at().reloading === true,
		pidsOf: (module) => [at().installs?.[module] ?? []].flat(),
		askers: { areAsking: (pids) => [...pids].some((pid) => asked.includes(pid)) },
		commands: {
			latest: () => Math.max(0, ...Object.keys(at().commands ?? {}).map(Number)),
			unfinished(latest, isExempt): Unfinished {
				const all = Object.entries(at().commands ?? {}).filter(([number]) => Number(number) <= latest);
				const commandsOf = (exempt: boolean) =>
					all.filter(([, pid]) => isExempt([pid]) === exempt).map(([number]) => command(Number(number)));
				return { awaited: commandsOf(false), exempt: commandsOf(true) };
			},
		},
		inserter: {
			busy: () => (at().running?.length ?? 0) + (at().queued ?? 0),
			running: () => [
				...(at().running ?? []).map((module) => ({ module, milliseconds: 0, hung: false })),
				...(at().hung ?? []).map((module) => ({ module, milliseconds: 0, hung: true })),
			],
		},
		files: {
			read: (path) => (path === "/sys/kernel/uevent_seqnum" ? Buffer.from("100\n") : undefined),
			stamp: (path) => (path === "/run/udev/queue" && at().udevQueue ? "there" : undefined),
		},
		change: async () => {
			now++;
			ended += at().running ? 1 : 0;
		},
		isOver: () => now >= 10,
	};
	return { options, pauses: () => now, checks: () => checks, end: () => void ended++ };
}

test("where nothing is left it takes two looks to be sure", async (t) => {
	const { options, pauses } = setUp("kernel", [{}]);
	t.deepEqual(await settle(options), { settled: true, waiting_for: [] });
	t.is(pauses(), 1);
});

test("a queue of udev's that nobody may look at is waited for by nobody", async (t) => {
	const { options } = setUp("udev", [{}]);
	const stamp = (path: string) => {
		throw new Refusal({ operation: "stat", subject: path, code: "EACCES" });
	};
	t.true((await settle({ ...options, files: { ...options.files, stamp } })).settled);
});

test("what lies in the socket is waited for, and what comes after the question is not", async (t) => {
	const before = setUp("kernel", [{ waiting: 4096, seqnum: 99 }, { waiting: 4096, seqnum: 99 }, {}]);
	t.true((await settle(before.options)).settled);
	t.is(before.pauses(), 3);
	const storm = setUp("kernel", [
		{ waiting: 4096, seqnum: 99 },
		{ waiting: 4096, seqnum: 100 },
	]);
	t.true((await settle(storm.options)).settled);
});

test("what is in flight is waited for, but not what hangs", async (t) => {
	const { options, pauses } = setUp("kernel", [{ running: ["a"], hung: ["h"] }, { running: ["b"] }, { hung: ["h"] }]);
	t.true((await settle(options)).settled);
	t.is(pauses(), 3);
});

test("what ended between two looks makes it look again", async (t) => {
	const { options, end } = setUp("kernel", [{}]);
	let pauses = 0;
	const change = async (): Promise<void> => {
		if (++pauses === 1) end();
	};
	t.true((await settle({ ...options, change })).settled);
	t.is(pauses, 2);
});

for (const [what, situation, waitingFor] of [
	["a module", { running: ["a"], hung: ["h"] }, ["a"]],
	["modules that have not begun", { queued: 1 }, ["modules that wait for their turn"]],
	["a look", { looking: true }, ["a look at all devices"]],
	["uevents", { waiting: 1 }, ["uevents that wait to be read"]],
	["a socket", { deaf: true }, ["the uevent socket"]],
	["udev", { udevQueue: true }, ["udev's queue"]],
	["a reload", { reloading: true }, ["a reload of indexes and configuration"]],
	["a command", { commands: { 1: 10 } }, ["/bin/x for /devices/1 (/r.toml line 1)"]],
	["an install command", { running: ["a"], installs: { a: 10 } }, ["a"]],
] as const)
	test(`in vain it waits for ${what}, and says so`, async (t) => {
		const { options } = setUp("udev", [situation]);
		t.deepEqual(await settle(options), { settled: false, waiting_for: waitingFor });
	});

test("udev's queue is nobody's business where the kernel is listened to", async (t) => {
	t.true((await settle(setUp("kernel", [{ udevQueue: true }]).options)).settled);
});

test("what was lost is asked for when it is asked, and once more when nothing else is left", async (t) => {
	const { options, checks } = setUp("kernel", [{ running: ["a"] }, { running: ["a"] }, {}]);
	t.true((await settle(options)).settled);
	t.is(checks(), 2);
});

test("where a look is called for when nothing else is left, it is waited for", async (t) => {
	const { options, pauses } = setUp("kernel", [{}, { looking: true }, { looking: true }, {}]);
	let calls = 0;
	const checkLosses = (): void => void calls++;
	const progress = (): Progress => {
		const now = options.progress();
		return calls === 2 && pauses() === 0 ? { ...now, isLookDue: true } : now;
	};
	t.true((await settle({ ...options, checkLosses, progress })).settled);
	t.is(pauses(), 4);
});

test("commands for what had come up are waited for, and those that are added later are not", async (t) => {
	const { options, pauses } = setUp("kernel", [
		{ running: ["a"] },
		{ commands: { 1: 10 } },
		{ commands: { 1: 10, 2: 11 } },
		{ commands: { 2: 11 } },
	]);
	t.deepEqual(await settle(options), { settled: true, waiting_for: [] });
	t.is(pauses(), 4);
});

test("a command that whoever asks is below is not waited for, and others are", async (t) => {
	const { options } = setUp("kernel", [{ commands: { 1: 10, 2: 20 } }, { commands: { 1: 10 } }], {
		lineage: [12, 10],
	});
	const told = { not_waited_for: ["/bin/x for /devices/1 (/r.toml line 1)"] };
	t.deepEqual(await settle(options), { settled: true, waiting_for: [], ...told });
	const { options: never } = setUp("kernel", [{ commands: { 1: 10, 2: 20 } }], { lineage: [12, 10] });
	t.deepEqual(await settle(never), {
		settled: false,
		waiting_for: ["/bin/x for /devices/2 (/r.toml line 2)"],
		...told,
	});
});

test("of two commands that both ask, neither waits for the other, and whoever asks from outside waits for both", async (t) => {
	const situations = [{ commands: { 1: 10, 2: 20 } }];
	const below = setUp("kernel", situations, { lineage: [10], waiting: [10, 20] });
	t.is((await settle(below.options)).not_waited_for?.length, 2);
	const outside = setUp("kernel", situations, { lineage: [30], waiting: [10, 20, 30] });
	t.is((await settle(outside.options)).waiting_for.length, 2);
});

test("a module whose install command asks is not waited for, nor what waits for its place, and others are", async (t) => {
	const installs = { a: 10 };
	const { options } = setUp("kernel", [{ running: ["a"], queued: 1, installs }], { lineage: [10] });
	// The pause of `setUp` ends an outcome while a module runs; this pause ends none.
	t.deepEqual(await settle({ ...options, change: async () => undefined }), {
		settled: true,
		waiting_for: [],
		not_waited_for: ["the install command of a"],
	});
	const others = setUp("kernel", [{ running: ["a", "b"], installs }], { lineage: [10] });
	t.deepEqual((await settle(others.options)).waiting_for, ["b"]);
});
