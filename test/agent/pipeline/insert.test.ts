// A column is a millisecond. Of the script: a and b are devices that ask for the module of their name, A is another device that
// asks for a, q is a client that asks for a, r removes the device a, h removes another device, m says that devices were missed,
// w ends a walk. Of an insertion: i inserted, n no device, f failed, g the file is gone. Told: d decisions, a batch as its
// modules in brackets, an outcome as its module and the letter of its insertion, x a remark, | the end.
import test, { type ExecutionContext } from "ava";
import { map, type Observable, share, take, tap } from "rxjs";
import { TestScheduler } from "rxjs/testing";
import { makeDecider } from "../../../src/agent/decisions/decider.js";
import type { Asker } from "../../../src/agent/pipeline/asker.js";
import type { Insertions } from "../../../src/agent/pipeline/batch-insertion.js";
import type { PipelineEvent } from "../../../src/agent/pipeline/events.js";
import { insert } from "../../../src/agent/pipeline/insert.js";
import type { Report } from "../../../src/agent/telling/report.js";
import type { Outcome, Result } from "../../../src/libkmod/insertion/outcome.js";
import { makeWorld } from "../../support/worlds/world.js";

/** Milliseconds for which a failed module is left alone. */
const BACK_OFF_MILLISECONDS = 5;

const knowledge = makeWorld({ modules: { a: [], b: [] }, aliases: { "x:a": "a", "x:b": "b" } });
const decide = makeDecider(knowledge);

const decided = (name: string, alias: string): PipelineEvent => ({
	kind: "decided",
	decisions: decide({ devpath: `/devices/${name}`, aliases: [alias] }),
});

const left = (name: string): PipelineEvent => ({
	kind: "heard",
	uevents: [{ action: "remove", devpath: `/devices/${name}`, seqnum: 1, aliases: [] }],
});

const askedFor = (asker: Asker): PipelineEvent => ({
	kind: "decided",
	decisions: decide({ devpath: "", aliases: ["x:a"] }),
	asking: { asker },
});

const events: Readonly<Record<string, PipelineEvent>> = {
	a: decided("a", "x:a"),
	A: decided("A", "x:a"),
	b: decided("b", "x:b"),
	r: left("a"),
	h: left("c"),
	m: { kind: "missed" },
	w: { kind: "walked", devices: 1 },
};

const remark: Report = { kind: "skipped", what: "a device", error: new Error("no") };

const results: Readonly<Record<string, Result>> = { i: "inserted", n: "no device", f: "failed", g: "missing" };

type Story = {
	readonly script: string;
	/**
	 * The diagrams of each module's insertions, in order; the last one repeats. A module without diagrams is inserted at once.
	 */
	readonly insertions?: Readonly<Record<string, readonly string[]>>;
	readonly remarks?: string;
	/** The diagram of the moments from which other indexes count. */
	readonly renewed?: string;
	readonly stop?: string;
	/** The signs of each column. */
	readonly told: readonly string[];
	/** The calls of the asking client. */
	readonly askerTold?: readonly string[];
};

const story = test.macro((t: ExecutionContext, all: Story) => {
	const { script, insertions = {}, remarks = "", renewed = "", stop = "", told, askerTold = [] } = all;
	const scheduler = new TestScheduler(t.deepEqual);
	const columns: string[] = [];
	const toAsker: string[] = [];
	const q = askedFor({
		onPlanned: (modules) => void toAsker.push(`planned ${modules.join(" ")}`),
		onOutcome: ({ step, result }) => void toAsker.push(`${step.module} ${result}`),
		onSkipped: ({ message }) => void toAsker.push(`skipped ${message}`),
	});
	scheduler.run(({ cold, hot }) => {
		const begun: Record<string, number> = {};
		const live = new Set<string>();
		const play = (module: string): Observable<string> => {
			const lines = insertions[module] ?? ["i"];
			const place = begun[module] ?? 0;
			begun[module] = place + 1;
			return cold(lines[Math.min(place, lines.length - 1)]!);
		};
		const inserted = cold(script, { ...events, q }).pipe(
			insert({
				knowledge: () => knowledge,
				inserter: makeInsertions(live, play),
				backOff: makeOneBackOff(() => scheduler.now()),
				listLive: () => live,
				hasFile: () => false,
				renewed: hot(renewed),
				stop: hot(stop),
				remarks: cold(remarks || "|").pipe(map(() => remark)),
				scheduler,
			}),
		);
		const mark = (sign: string): void => {
			columns[scheduler.now()] = `${columns[scheduler.now()] ?? ""} ${sign}`;
		};
		inserted.subscribe({ next: (event) => mark(markOf(event)), complete: () => mark("|") });
	});
	t.deepEqual(
		Object.entries(columns).map(([column, signs]) => `${column}${signs}`),
		told,
	);
	t.deepEqual(toAsker, askerTold);
});

/** Makes insertions. A plan joins a module that is in flight, as with the inserter. */
function makeInsertions(live: Set<string>, play: (module: string) => Observable<string>): Insertions {
	const flights = new Map<string, Observable<Outcome>>();
	return {
		busy: () => flights.size,
		carryOut: (plan) =>
			plan.map((step) => {
				const { module } = step;
				const inFlight = flights.get(module);
				if (inFlight !== undefined) return { outcome: inFlight, joined: true };
				const outcome = play(module).pipe(
					take(1),
					map((sign): Outcome => ({ step, result: results[sign]!, milliseconds: 0 })),
					tap(({ result }) => {
						flights.delete(module);
						if (result === "inserted") live.add(module);
					}),
					share(),
				);
				flights.set(module, outcome);
				return { outcome, joined: false };
			}),
	};
}

function makeOneBackOff(now: () => number) {
	const until = new Map<string, number>();
	return {
		failed: (module: string) => void until.set(module, now() + BACK_OFF_MILLISECONDS),
		succeeded: (module: string) => void until.delete(module),
		wait: (module: string) => Math.max(0, (until.get(module) ?? 0) - now()),
	};
}

function markOf(event: PipelineEvent): string {
	if (event.kind === "batch") return `[${event.batch.plan.map(({ module }) => module).join(" ")}]`;
	if (event.kind === "skipped") return "x";
	if (event.kind !== "outcome") return event.kind[0]!;
	const { step, result } = event.outcome;
	return step.module + Object.keys(results).find((sign) => results[sign] === result);
}

test("decisions become a batch behind them, and an outcome when its insertion has ended", story, {
	script: "a",
	insertions: { a: ["--i"] },
	told: ["0 d [a]", "2 ai"],
});

test("no batch waits for another, and one joins what is in flight", story, {
	script: "abA",
	insertions: { a: ["----i"], b: ["-i"] },
	told: ["0 d [a]", "1 d [b]", "2 d [a] bi", "4 ai"],
});

test("what was tried for a device in vain is tried again when the device has left and comes back", story, {
	script: "a------a-h-a-r-a",
	insertions: { a: ["n"] },
	told: ["0 d [a] an", "7 d []", "9 h", "11 d []", "13 h", "15 d [a] an"],
});

test("where devices were missed, any may have left: all attempts are forgotten", story, {
	script: "a-b----(ab)-m-(ab)",
	insertions: { a: ["n"], b: ["n"] },
	told: ["0 d [a] an", "2 d [b] bn", "7 d [] d []", "12 m", "14 d [a] d [b] an bn"],
});

test("all else goes on as it is, in its order", story, {
	script: "(whamrw)",
	insertions: { a: ["-i"] },
	told: ["0 w h d [a] m h w", "1 ai"],
});

test("remarks are told among the events, and when the decisions have ended", story, {
	script: "a---|",
	insertions: { a: ["--i"] },
	remarks: "-xx----x-|",
	told: ["0 d [a]", "1 x", "2 x ai", "7 x", "9 |"],
});

test("what was begun is carried on with when the decisions have ended", story, {
	script: "a|",
	insertions: { a: ["----i"] },
	remarks: "|",
	told: ["0 d [a]", "4 ai |"],
});

test("a driver that has failed rests, and is tried for another device when its back-off is over", story, {
	script: "a--A",
	insertions: { a: ["f", "i"] },
	told: ["0 d [a] af", "3 d []", "5 [a] ai"],
});

test("whoever asks waits for no back-off, and is told what is planned and what comes of it", story, {
	script: "a--q",
	insertions: { a: ["f", "-i"] },
	told: ["0 d [a] af", "3 d [a]", "4 ai"],
	askerTold: ["planned a", "a inserted"],
});

test("a driver that had no file is tried again when other indexes count", story, {
	script: "a",
	insertions: { a: ["g", "i"] },
	renewed: "---n",
	told: ["0 d [a] ag", "3 [a] ai"],
});

test("once it is stopped nothing that rests or has no file is tried again", story, {
	script: "a-b--A",
	insertions: { a: ["--f"], b: ["g"] },
	renewed: "-------n",
	stop: "------s",
	told: ["0 d [a]", "2 d [b] af bg", "5 d []"],
});
