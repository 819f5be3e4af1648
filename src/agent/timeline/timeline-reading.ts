// Reads a timeline from JSON: from the control socket's answer, or from a file that `--timeline` wrote, which may be cut or of
// another origin. Bounded, and its times have an order, so that a picture can be made of whatever is accepted. Pure.
import * as v from "valibot";
import type { Result } from "../../libkmod/insertion/outcome.js";
import { MOST_MARKS, MOST_MODULES, MOST_WAITS, type Timeline } from "./timeline.js";

/** Milliseconds: thirty years. */
const LATEST = 1e12;

const time = v.pipe(v.number(), v.minValue(0), v.maxValue(LATEST));
const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER));
const text = v.pipe(v.string(), v.maxLength(1000));
/** Another version may know other results. */
const result = v.custom<Result>((given) => typeof given === "string" && given.length <= 100);

const cause = v.looseObject({
	kind: v.picklist(["alias", "name", "dependency", "softdep"]),
	device: v.exactOptional(text),
	alias: v.exactOptional(text),
	of: v.exactOptional(text),
	why: text,
});

const wait = v.looseObject({
	kind: v.picklist(["dependency", "softdep", "rival", "permit"]),
	module: v.exactOptional(text),
	until: v.exactOptional(time),
});

const one = v.looseObject({
	module: text,
	try: count,
	batch: count,
	cause,
	wanted: time,
	ready: v.exactOptional(time),
	begun: v.exactOptional(time),
	ended: v.exactOptional(time),
	result: v.exactOptional(result),
	errno: v.exactOptional(text),
	exitStatus: v.exactOptional(count),
	explanation: v.exactOptional(text),
	hung: v.exactOptional(time),
	stuck: v.exactOptional(text),
	waits: v.pipe(v.array(wait), v.maxLength(MOST_WAITS + 1)),
	rivals: v.pipe(v.array(text), v.maxLength(MOST_WAITS)),
});

const mark = v.looseObject({
	kind: v.picklist(["listening", "walked", "settled", "lost", "deaf", "blind"]),
	at: time,
	count: v.exactOptional(count),
});

const OUT_OF_ORDER = "its times are not in order";

const accepted = v.pipe(
	v.looseObject({
		format: v.literal(1),
		command: v.picklist(["coldplug", "run"]),
		kernel: text,
		milliseconds: time,
		forgotten: count,
		modules: v.pipe(
			v.array(
				v.pipe(
					one,
					v.check((times) => isInOrder(times), OUT_OF_ORDER),
				),
			),
			v.maxLength(MOST_MODULES),
		),
		marks: v.pipe(v.array(mark), v.maxLength(MOST_MARKS)),
	}),
	v.check(({ milliseconds, modules }) => modules.every((one) => lastTime(one) <= milliseconds), OUT_OF_ORDER),
);

/** Accepts a Timeline, with unknown keys beside its own. */
export const timelineSchema: v.GenericSchema<unknown, Timeline> = accepted;

/** What the schema accepts, as a type: a test holds that it has the keys and values of Timeline, and unknown keys beside. */
export type AcceptedTimeline = v.InferOutput<typeof accepted>;

/** Returns the timeline, or a clause about the first mistake. */
export function checkTimeline(value: unknown): Timeline | string {
	if (isDeep(value)) return "it is no timeline of hotplugd: objects and lists lie too deep in each other";
	const parsed = v.safeParse(timelineSchema, value, { abortEarly: true });
	if (parsed.success) return parsed.output;
	const [issue] = parsed.issues;
	const place = v.getDotPath(issue);
	if (issue.message === OUT_OF_ORDER) return place === null ? OUT_OF_ORDER : `${place}: ${OUT_OF_ORDER}`;
	return place === null
		? "it is no timeline of hotplugd"
		: `it is no timeline of hotplugd: ${place} is not as it should be`;
}

/** A timeline has six levels. Keys that are not known are kept, and a value without a bound could not be formatted again. */
const MOST_LEVELS = 30;

function isDeep(value: unknown, levels = MOST_LEVELS): boolean {
	if (typeof value !== "object" || value === null) return false;
	return levels === 0 || Object.values(value).some((one) => isDeep(one, levels - 1));
}

type Times = {
	readonly wanted: number;
	readonly ready?: number | undefined;
	readonly begun?: number | undefined;
	readonly ended?: number | undefined;
};

const timesOf = ({ wanted, ready, begun, ended }: Times): readonly number[] =>
	[wanted, ready, begun, ended].filter((at) => at !== undefined);

const lastTime = (one: Times): number => Math.max(...timesOf(one));

function isInOrder(one: Times): boolean {
	const times = timesOf(one);
	return times.every((at, place) => place === 0 || at >= times[place - 1]!);
}
