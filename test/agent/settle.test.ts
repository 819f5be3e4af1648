import test from "ava";
import { makePulse, type Pulse } from "../../src/agent/pulse.js";
import { type SettleOptions, settle } from "../../src/agent/settle.js";

type Situation = {
	waiting?: number;
	seqnum?: number;
	looking?: boolean;
	running?: readonly string[];
	hung?: readonly string[];
	queued?: number;
	udevQueue?: boolean;
	deaf?: boolean;
};

/** Each pause lets the next situation come; the last one stays. */
function setUp(source: SettleOptions["source"], situations: readonly Situation[]) {
	let now = 0;
	const pulse: Pulse = makePulse();
	const at = (): Situation => situations[Math.min(now, situations.length - 1)]!;
	const apply = (): void => {
		const { waiting = 0, seqnum, deaf = false } = at();
		pulse.socket = deaf ? undefined : { receiveBuffer: 1, drops: () => 0, waiting: () => waiting };
		pulse.seqnum = seqnum;
		pulse.isLooking = () => at().looking === true;
	};
	apply();
	const options: SettleOptions = {
		pulse,
		source,
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
		pause: async () => {
			now++;
			pulse.activity += at().running ? 1 : 0;
			apply();
		},
		isOver: () => now >= 10,
	};
	return { options, pauses: () => now };
}

test("where nothing is left it takes two looks to be sure", async (t) => {
	const { options, pauses } = setUp("kernel", [{}]);
	t.deepEqual(await settle(options), { settled: true, waiting_for: [] });
	t.is(pauses(), 1);
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
	const { options } = setUp("kernel", [{}]);
	let pauses = 0;
	const pause = async (): Promise<void> => {
		if (++pauses === 1) options.pulse.activity++;
	};
	t.true((await settle({ ...options, pause })).settled);
	t.is(pauses, 2);
});

for (const [what, situation, waitingFor] of [
	["a module", { running: ["a"], hung: ["h"] }, ["a"]],
	["modules that have not begun", { queued: 1 }, ["modules that wait for their turn"]],
	["a look", { looking: true }, ["a look at all devices"]],
	["uevents", { waiting: 1 }, ["uevents that wait to be read"]],
	["a socket", { deaf: true }, ["the uevent socket"]],
	["udev", { udevQueue: true }, ["udev's queue"]],
] as const)
	test(`in vain it waits for ${what}, and says so`, async (t) => {
		const { options } = setUp("udev", [situation]);
		t.deepEqual(await settle(options), { settled: false, waiting_for: waitingFor });
	});

test("udev's queue is nobody's business where the kernel is listened to", async (t) => {
	t.true((await settle(setUp("kernel", [{ udevQueue: true }]).options)).settled);
});
