// Virtual time, in milliseconds, which goes on by leaps while promises are awaited.
import test from "ava";
import { NEVER, Subject, VirtualTimeScheduler } from "rxjs";
import { makeAskers } from "../../../src/agent/control/waiting-clients.js";
import { beforeAll } from "../../../src/agent/pipeline/progress.js";
import { inFlightEnded, type SettlingOptions, settleFor } from "../../../src/agent/service/settling.js";
import type { Knowledge } from "../../../src/libkmod/knowledge/knowledge.js";

type Given = {
	readonly running?: readonly { readonly module: string; readonly hung?: boolean }[];
	readonly pids?: Readonly<Record<string, number>>;
	readonly lacking?: Knowledge["lacking"];
};

function setUp({ running = [], pids = {}, lacking }: Given = {}) {
	const time = new VirtualTimeScheduler();
	const stopping = new Subject<void>();
	const changes = new Subject<void>();
	const state = { running, stopped: false, reloads: 0 };
	const options: SettlingOptions = {
		pipeline: {
			inserter: {
				busy: () => state.running.length,
				running: () => state.running.map(({ module, hung = false }) => ({ module, milliseconds: 0, hung })),
			},
			progress: { value: { ...beforeAll, isLookDue: false, seqnum: 1, socket: { waiting: () => 0 } } },
			checkLosses: () => undefined,
		} as never,
		reload: {
			reload: async () => {
				state.reloads++;
				throw new Error("nothing there");
			},
			isUnderWay: () => false,
			lacking: () => lacking,
		},
		commandPool: { latest: () => 0, unfinished: () => ({ awaited: [], exempt: [] }) } as never,
		askers: makeAskers(),
		pidsOf: (module) => [pids[module] ?? []].flat(),
		files: { read: () => Buffer.from("1\n"), stamp: () => undefined },
		source: "kernel",
		journal: { info: () => undefined },
		changes,
		isStopped: () => state.stopped,
		stopped: stopping,
		scheduler: time,
	};
	const play = <T>(work: Promise<T>) => playIn(time, work);
	const stop = (): void => {
		state.stopped = true;
		stopping.next();
	};
	return { options, state, time, changes, stop, play };
}

/** Lets time pass until the promise is settled. Resolves with the time, and the result. */
async function playIn<T>(time: VirtualTimeScheduler, work: Promise<T>): Promise<{ at: number; result: T }> {
	let isOver = false;
	const ended = work.finally(() => (isOver = true));
	for (let turn = 0; turn < 1000 && !isOver; turn++) {
		await new Promise((resolve) => setImmediate(resolve));
		const [next] = time.actions;
		if (isOver || next === undefined) continue;
		time.maxFrames = next.delay;
		time.flush();
	}
	return { at: time.now(), result: await ended };
}

const client = (...pids: readonly number[]) => ({ lineage: () => pids, hasGone: () => false });

test("without any change settle ends when its time is over, not when it looks again", async (t) => {
	const { options, play } = setUp({ running: [{ module: "slow" }] });
	const { at, result } = await play(settleFor(options, 2500, client()));
	t.is(at, 2500);
	t.deepEqual(result, { settled: false, waiting_for: ["slow"] });
});

test("a reload waits no longer than its time for what is in flight", async (t) => {
	const { options, play } = setUp({ running: [{ module: "slow" }] });
	t.is((await play(inFlightEnded(options, 3300))).at, 3300);
});

test("a reload does not wait for an install command that waits for the agent", async (t) => {
	const { options, play } = setUp({ running: [{ module: "asks" }], pids: { asks: 7 } });
	const asked = options.askers.during(client(7), () => play(inFlightEnded(options, 3000)));
	t.is((await asked).at, 0);
	t.is((await play(inFlightEnded(options, 3000))).at, 3000);
});

test("a client that has gone is waited for no longer", async (t) => {
	const { options, play } = setUp({ running: [{ module: "slow" }] });
	const { at } = await play(settleFor(options, 60_000, { ...client(), hasGone: () => true }));
	t.is(at, 0);
});

test("when the agent stops, settle ends and tells the modules that run", async (t) => {
	const { options, state, time, stop, play } = setUp({
		running: [{ module: "slow" }, { module: "hangs", hung: true }],
	});
	time.schedule(stop, 700);
	const { at, result } = await play(settleFor(options, 60_000, client()));
	t.is(at, 700);
	t.true(state.stopped);
	t.deepEqual(result, { settled: false, waiting_for: ["slow", "hangs"], stopping: true });
});

test("indexes that were lacking are read anew before, and what is still lacking is noted", async (t) => {
	const { options, state, play } = setUp({ lacking: { why: "no indexes", kind: "unusable" } });
	const { result } = await play(settleFor(options, 1000, client()));
	t.is(state.reloads, 1);
	t.true(result.settled);
	t.is(result.note, "no usable indexes yet: no indexes");
});

test("a kernel without modules is not asked again for indexes", async (t) => {
	const { options, state, play } = setUp({ lacking: { why: "no modules", kind: "impossible" } });
	await play(settleFor(options, 1000, client()));
	t.is(state.reloads, 0);
});

test("what ends before the time is over ends the wait for it", async (t) => {
	const { options, state, time, changes, play } = setUp({ running: [{ module: "slow" }] });
	time.schedule(() => {
		state.running = [];
		changes.next();
	}, 400);
	t.is((await play(inFlightEnded({ ...options, stopped: NEVER }, 5000))).at, 400);
});
