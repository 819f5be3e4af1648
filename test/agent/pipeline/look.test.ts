// A column is a millisecond. Of a walk: a letter is a slice. In `missed`, m says that devices may have been missed; in `idle`,
// i says that none was missed for a while. The next walk begins 2 milliseconds later at the earliest.
import test, { type ExecutionContext } from "ava";
import { BehaviorSubject, distinctUntilChanged, EMPTY, map, merge, type Observable } from "rxjs";
import { TestScheduler } from "rxjs/testing";
import type { PipelineEvent } from "../../../src/agent/pipeline/events.js";
import { look } from "../../../src/agent/pipeline/look.js";
import { beforeAll, countProgress, isUnderWay } from "../../../src/agent/pipeline/progress.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";

const PAUSE_MILLISECONDS = 2;

type Story = {
	/** The diagram of each walk. */
	readonly walks: readonly string[];
	readonly missed?: string;
	readonly idle?: string;
	readonly lookAtStart?: boolean;
	/** L a look begins, a letter is the content of a slice, W the look has ended, B the look has failed. */
	readonly told: readonly string[];
	/** 1 at the moment from which a look is due or under way, 0 at its end. */
	readonly underWay?: string;
};

const marks: Readonly<Record<string, string>> = { looking: "L", walked: "W", blind: "B" };

function tell(t: ExecutionContext, { walks, missed = "", idle = "", lookAtStart = true, told, underWay }: Story): void {
	const lines: string[][] = [];
	const mark = (column: number, sign: string): void => {
		const free = lines.find((line) => line[column] === undefined) ?? [];
		if (!lines.includes(free)) lines.push(free);
		free[column] = sign;
	};
	const scheduler = new TestScheduler(t.deepEqual);
	scheduler.run(({ cold, expectObservable }) => {
		let next = 0;
		const again = merge(cold(missed.replaceAll(" ", "-")), EMPTY);
		const progress = new BehaviorSubject({ ...beforeAll, isLookDue: lookAtStart });
		const events: Observable<PipelineEvent> = merge(
			look({
				present: () =>
					cold(
						walks[next++] ?? "#",
						undefined,
						new Refusal({ operation: "walk", subject: "/sys/devices", code: "EMFILE", errno: 24 }),
					).pipe(map((name) => [{ devpath: `/devices/${name}`, aliases: [] }])),
				missed: again,
				idle: cold(idle.replaceAll(" ", "-")),
				lookAtStart,
				pauseMilliseconds: PAUSE_MILLISECONDS,
				scheduler,
			}),
			again.pipe(map((): PipelineEvent => ({ kind: "missed" }))),
		).pipe(countProgress(progress));
		if (underWay !== undefined)
			expectObservable(
				progress.pipe(
					map((now) => (isUnderWay(now) ? "1" : "0")),
					distinctUntilChanged(),
				),
			).toBe(underWay);
		events.subscribe({
			next: (event) => {
				if (event.kind === "found") for (const { devpath } of event.devices) mark(scheduler.now(), devpath.at(-1)!);
				else if (event.kind !== "missed") mark(scheduler.now(), marks[event.kind] ?? "?");
			},
			error: () => mark(scheduler.now(), "#"),
		});
	});
	t.deepEqual(
		lines.map((line) => Array.from(line, (sign) => sign ?? " ").join("")),
		told,
	);
}

const story = test.macro((t, all: Story) => tell(t, all));

test("one look serves all that was missed before it begins, a pause after the one before", story, {
	walks: ["a--|", "b|"],
	missed: "-m-m",
	told: ["L  W LW", "a    b"],
});

test("what is missed while a look goes on makes one more", story, {
	walks: ["---|", "--|", "|"],
	missed: "-m-m--m",
	told: ["L  W L W L", "         W"],
});

test("the looks become rarer where devices go on being missed, and not once none was for a while", story, {
	walks: Array.from({ length: 10 }, () => "|"),
	missed: " mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm",
	idle: "                         i",
	told: ["L L L L   L       L               L L L", "W W W W   W       W               W W W"],
});

test(
	"where nothing is looked at before, it looks once devices may have been missed, and a failure is one look among others",
	story,
	{
		walks: ["#", "|"],
		missed: "  m",
		lookAtStart: false,
		told: ["  L L", "  B W"],
	},
);

test("a first look that fails ends it", story, { walks: ["-#"], told: ["L#"] });

test(
	"from the moment when something was missed until a look has ended, a failed one apart, a look is under way",
	story,
	{
		walks: ["--|", "-#", "-|"],
		missed: "   m",
		told: ["L W LB LW"],
		underWay: "1-01----0",
	},
);
