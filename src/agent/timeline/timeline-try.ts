// One try of a module while it is recorded: what is noted at its batch, and what its outcome adds. Pure.
import type { Outcome } from "../../libkmod/insertion/outcome.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import type { Cause, Step } from "../../libkmod/planning/plan-insertion.js";
import { explainCause, explainOutcome } from "../telling/explain.js";
import { MOST_WAITS, type TimelineCause, type TimelineModule, type TimelineWait } from "./timeline.js";

type Changing<T> = { -readonly [Key in keyof T]: T[Key] };

/** A try as recorded so far. `waits` is filled in when the try has ended. */
export type Try = Changing<Omit<TimelineModule, "waits" | "rivals">> & {
	rivals: string[];
	waits: readonly TimelineWait[];
	/** Whether it had to wait for a permit. */
	late: boolean;
	/** The prerequisites of its plan. */
	readonly after: readonly { readonly module: string; readonly kind: "dependency" | "softdep" | "rival" }[];
};

/** Characters of a module's name, of a device or alias, and of a sentence. */
const LONGEST_NAME = 120;
const LONGEST_WORD = 200;
const LONGEST_SENTENCE = 400;

export function beginTry(step: Step, batch: number, wanted: number, number: number): Try {
	const after = step.after.slice(0, MOST_WAITS).map(({ module, hard, rival }) => ({
		module: nameOf(module),
		kind: rival !== undefined ? ("rival" as const) : hard ? ("dependency" as const) : ("softdep" as const),
	}));
	const rivals = after.flatMap(({ module, kind }) => (kind === "rival" ? [module] : []));
	const cause = causeOf(step.cause);
	return {
		module: nameOf(step.module),
		try: number,
		batch,
		cause,
		wanted,
		rivals,
		waits: [],
		after,
		late: false,
	};
}

function causeOf(cause: Cause): TimelineCause {
	const why = cut(explainCause(cause), LONGEST_SENTENCE);
	if (cause.kind === "name") return { kind: "name", why };
	if (cause.kind !== "alias") return { kind: cause.kind, of: cut(cause.of, LONGEST_NAME), why };
	const { device, alias } = cause;
	return {
		kind: "alias",
		...(device && { device: cut(device, LONGEST_WORD) }),
		alias: cut(alias, LONGEST_WORD),
		why,
	};
}

/** Notes the outcome. @param ended when it was reported */
export function endTry(one: Try, outcome: Outcome, ended: number): void {
	const { result, milliseconds, reason, exitStatus } = outcome;
	one.ended = ended;
	one.result = result;
	one.late = outcome.late === true;
	one.explanation = cut(explainOutcome(outcome), LONGEST_SENTENCE);
	if (reason instanceof Refusal) one.errno = cut(reason.code, LONGEST_NAME);
	if (exitStatus !== undefined) one.exitStatus = exitStatus;
	if (hasInit(outcome)) one.begun = Math.max(one.wanted, rounded(ended - milliseconds));
}

/** A module that another caller inserted was not begun here, and its outcome has no duration. */
function hasInit({ result, milliseconds }: Outcome): boolean {
	if (result === "live") return milliseconds > 0;
	return result === "inserted" || result === "ran" || result === "failed" || result === "no device";
}

/** Milliseconds by which a report may be late after what it reports: the event loop may be busy meanwhile. */
const LAG = 100;

/** What the try waited for, the wait that ended last at the end, and since when it was ready. @param find the last try of a module */
export function waitsOf(
	one: Try,
	find: (module: string) => Try | undefined,
): { readonly ready?: number; readonly waits: readonly TimelineWait[] } {
	const begun = one.begun ?? one.ended;
	const waits = one.after
		.map(({ module, kind }) => waitFor(one, kind, find(module)))
		.filter((wait) => wait !== undefined)
		.filter(({ until }) => begun === undefined || (until !== undefined && until <= begun + LAG))
		.map((wait) =>
			begun === undefined || wait.until === undefined ? wait : { ...wait, until: Math.min(wait.until, begun) },
		)
		.sort((a, b) => (a.until ?? Infinity) - (b.until ?? Infinity));
	if (waits.some(({ until }) => until === undefined)) return { waits };
	const ready = Math.max(one.wanted, ...waits.map(({ until = 0 }) => until));
	return one.begun === undefined || !one.late
		? { ready, waits }
		: { ready, waits: [...waits, { kind: "permit", until: one.begun }] };
}

/** Adds the wait for a module whose outcome is told only now to a try that ended after it. */
export function awaitLate(one: Try, other: Try): void {
	const { begun, ended } = one;
	if (begun === undefined || ended === undefined || other.ended === undefined || other.ended > begun + LAG) return;
	if (one.waits.some(({ module }) => module === other.module)) return;
	const prerequisite = one.after.find(({ module }) => module === other.module);
	const wait = prerequisite && waitFor(one, prerequisite.kind, other);
	if (wait?.until === undefined) return;
	const until = Math.min(wait.until, begun);
	one.ready = Math.max(one.ready ?? one.wanted, until);
	one.waits = [...one.waits, { ...wait, until }].sort((a, b) => (a.until ?? Infinity) - (b.until ?? Infinity));
}

/** Undefined when the other module was not in flight. A softdep that hangs counts as tried. */
function waitFor(one: Try, kind: "dependency" | "softdep" | "rival", other: Try | undefined): TimelineWait | undefined {
	if (other === undefined || other === one || (other.ended !== undefined && other.ended <= one.wanted))
		return undefined;
	const until = kind === "softdep" ? (other.hung ?? other.ended) : other.ended;
	if (until === undefined) return { kind, module: other.module };
	return until <= one.wanted ? undefined : { kind, module: other.module, until };
}

/** The try as plain data. */
export function tryData(recorded: Try, find: (module: string) => Try | undefined): TimelineModule {
	const { after: _, late: __, ...one } = recorded;
	return { ...one, rivals: [...one.rivals], ...(one.ended === undefined && waitsOf(recorded, find)) };
}

/** The characters that the try keeps, of which its JSON mostly consists. */
export function sizeOf({ module, cause, explanation = "", after }: Try): number {
	const { device = "", alias = "", of = "", why } = cause;
	const own = module.length + device.length + alias.length + of.length + why.length + explanation.length;
	return after.reduce((sum, one) => sum + one.module.length, own);
}

/** The name by which a timeline knows a module. */
export const nameOf = (module: string): string => cut(module, LONGEST_NAME);

const cut = (text: string, longest: number): string =>
	text.length <= longest ? text : `${text.slice(0, longest - 3)}...`;

/** Whole microseconds. */
export const rounded = (milliseconds: number): number => Math.round(milliseconds * 1000) / 1000;
