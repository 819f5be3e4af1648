// The critical path of a timeline: the chain of waits that ended last. A shorter init of any module on it would have ended the
// run earlier. Pure.
import type { Timeline, TimelineModule, TimelineWait } from "./timeline.js";

/** A module of the path, and the wait that kept it from beginning until the module before it ended. */
export type CriticalLink = {
	readonly one: TimelineModule;
	/** Undefined for the first module of the path: it began when its batch was wanted. */
	readonly after?: TimelineWait["kind"];
};

/** Milliseconds between the ends of modules that count as one: the permits that they had are all the same. */
const AT_ONCE = 5;

/** The path to a module, or to the module that ended last before the devices had settled: first module first. */
export function findCriticalPath(timeline: Timeline, last = findLast(timeline)): readonly CriticalLink[] {
	const tries = indexTries(timeline.modules);
	const path: CriticalLink[] = [];
	const seen = new Set<TimelineModule>();
	for (let one = last; one !== undefined && !seen.has(one); ) {
		seen.add(one);
		const before: Before | undefined = findBefore(tries, one);
		path.unshift(before === undefined ? { one } : { one, after: before.kind });
		one = before?.one;
	}
	return path[0]?.after === undefined ? path : [{ one: path[0].one }, ...path.slice(1)];
}

/** The module whose init ended last: before the first "settled", if the timeline has one. */
export function findLast({ modules, marks }: Timeline): TimelineModule | undefined {
	const settled = marks.find(({ kind }) => kind === "settled")?.at ?? Infinity;
	let last: TimelineModule | undefined;
	for (const one of modules) {
		if (one.begun === undefined || one.ended === undefined || one.ended > settled) continue;
		if (last?.ended === undefined || one.ended > last.ended) last = one;
	}
	return last;
}

/** The tries of a timeline, and those of each module, in the order in which they were wanted. */
export type Tries = {
	readonly all: readonly TimelineModule[];
	readonly byModule: ReadonlyMap<string, readonly TimelineModule[]>;
};

export function indexTries(all: readonly TimelineModule[]): Tries {
	const byModule = new Map<string, TimelineModule[]>();
	for (const one of all) {
		const tries = byModule.get(one.module);
		if (tries === undefined) byModule.set(one.module, [one]);
		else tries.push(one);
	}
	return { all, byModule };
}

type Before = { readonly one: TimelineModule; readonly kind: TimelineWait["kind"] };

/** The module whose end let the given one begin. */
export function findBefore(tries: Tries, one: TimelineModule): Before | undefined {
	const waits = [...one.waits].sort((a, b) => (b.until ?? Infinity) - (a.until ?? Infinity));
	for (const wait of waits) {
		const before = wait.kind === "permit" ? findPermit(tries.all, one) : findAwaited(tries, one, wait);
		if (before !== undefined) return { one: before, kind: wait.kind };
	}
	return undefined;
}

/** The try of the module that the wait was for. */
export function findAwaited(
	{ byModule }: Tries,
	one: TimelineModule,
	{ module = "", until = Infinity }: TimelineWait,
): TimelineModule | undefined {
	return byModule.get(module)?.findLast((other) => other !== one && other.wanted <= until);
}

/** The module whose permit a module got: the one that ended last while that module waited. Of several, that with the longest init. */
function findPermit(all: readonly TimelineModule[], { begun, ready }: TimelineModule): TimelineModule | undefined {
	if (begun === undefined || ready === undefined) return undefined;
	let last = -Infinity;
	for (const { begun: own, ended } of all)
		if (own !== undefined && ended !== undefined && ended > ready && ended <= begun) last = Math.max(last, ended);
	let before: TimelineModule | undefined;
	for (const other of all) {
		const { ended } = other;
		if (ended === undefined || ended <= ready || ended > begun || ended < last - AT_ONCE) continue;
		if (initOf(other) > (before === undefined ? 0 : initOf(before))) before = other;
	}
	return before;
}

const initOf = ({ begun, ended }: TimelineModule): number =>
	begun === undefined || ended === undefined ? 0 : ended - begun;
