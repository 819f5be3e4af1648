// The time axis of a picture: milliseconds become pixels. Long times in which nothing happens are cut out, so that the boot of an
// agent that has run for days can still be read. Pure.
import { formatTick } from "./time-text.js";
import type { Timeline, TimelineModule } from "./timeline.js";

export type Tick = { readonly x: number; readonly text: string };
/** A cut: the middle of it, and the milliseconds that are not drawn to scale. */
export type TimeCut = { readonly x: number; readonly milliseconds: number };

export type TimeScale = {
	readonly x: (milliseconds: number) => number;
	readonly ticks: readonly Tick[];
	readonly cuts: readonly TimeCut[];
};

type Span = { readonly from: number; readonly to: number };
type Stretch = Span & { readonly left: number; readonly right: number; readonly cut: boolean };

/** Milliseconds: a shorter time is never cut. */
const SHORTEST_CUT = 1500;
/** A cut takes this many pixels, or less when there are many. */
const CUT_PIXELS = 30;
/** Pixels between two ticks, at least. */
const TICK_PIXELS = 74;

export function makeTimeScale(timeline: Timeline, left: number, right: number): TimeScale {
	const stretches = layOut(listStretches(timeline), left, right);
	const cuts = stretches.filter(({ cut }) => cut);
	return {
		x: (milliseconds) => place(stretches, milliseconds),
		ticks: listTicks(stretches),
		cuts: cuts.map((one) => ({ x: (one.left + one.right) / 2, milliseconds: one.to - one.from })),
	};
}

/** The times in which something happens, from 0 on, and between them those to cut. */
function listStretches(timeline: Timeline): readonly (Span & { readonly cut: boolean })[] {
	const busy = mergeSpans(listSpans(timeline));
	const length = busy.reduce((sum, { from, to }) => sum + to - from, 0);
	const shortest = Math.max(SHORTEST_CUT, length / 3);
	const stretches: (Span & { readonly cut: boolean })[] = [];
	let from = 0;
	for (const [number, { to }] of busy.entries()) {
		const next = busy[number + 1]?.from;
		if (next === undefined || next - to < shortest) continue;
		stretches.push({ from, to, cut: false }, { from: to, to: next, cut: true });
		from = next;
	}
	const end = busy.at(-1)?.to ?? 0;
	return [...stretches, { from, to: Math.max(end, from + 1), cut: false }];
}

function listSpans({ modules, marks }: Timeline): readonly Span[] {
	return [{ from: 0, to: 0 }, ...modules.flatMap(spansOf), ...marks.map(({ at }) => moment(at))];
}

/** A module in flight counts until its begin. So does one that hangs, since the time until it is said to hang tells nothing. */
function spansOf({ wanted, begun = wanted, hung, ended }: TimelineModule): readonly Span[] {
	const open = [{ from: wanted, to: begun }, ...(hung === undefined ? [] : [moment(hung)])];
	if (ended === undefined) return open;
	return hung === undefined ? [{ from: wanted, to: ended }] : [...open, moment(ended)];
}

const moment = (at: number): Span => ({ from: at, to: at });

function mergeSpans(spans: readonly Span[]): readonly Span[] {
	const merged: { from: number; to: number }[] = [];
	for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
		const last = merged.at(-1);
		if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
		else merged.push({ from, to });
	}
	return merged;
}

function layOut(spans: readonly (Span & { readonly cut: boolean })[], left: number, right: number): readonly Stretch[] {
	const cuts = spans.filter(({ cut }) => cut).length;
	const cutPixels = cuts === 0 ? 0 : Math.min(CUT_PIXELS, (0.4 * (right - left)) / cuts);
	const drawn = spans.reduce((sum, { from, to, cut }) => (cut ? sum : sum + to - from), 0);
	const perMillisecond = (right - left - cuts * cutPixels) / Math.max(drawn, 1e-6);
	let at = left;
	return spans.map((span) => {
		const begin = at;
		at += span.cut ? cutPixels : (span.to - span.from) * perMillisecond;
		return { ...span, left: begin, right: at };
	});
}

function place(stretches: readonly Stretch[], milliseconds: number): number {
	let low = 0;
	let high = stretches.length - 1;
	while (low < high) {
		const middle = (low + high) >> 1;
		if (milliseconds <= stretches[middle]!.to) high = middle;
		else low = middle + 1;
	}
	const { from, to, left, right } = stretches[low]!;
	const share = to > from ? (milliseconds - from) / (to - from) : 0;
	return left + Math.min(Math.max(share, 0), 1) * (right - left);
}

function listTicks(stretches: readonly Stretch[]): readonly Tick[] {
	const drawn = stretches.filter(({ cut }) => !cut);
	const pixels = drawn.reduce((sum, { left, right }) => sum + right - left, 0);
	const milliseconds = drawn.reduce((sum, { from, to }) => sum + to - from, 0);
	const step = roundUp((milliseconds / Math.max(pixels, 1)) * TICK_PIXELS);
	const ticks: Tick[] = [];
	for (const { from, to, left, right } of drawn) {
		const first = Math.ceil(from / step);
		// The begin of a stretch behind a cut has a tick of its own, since multiples of the step may be out of sight.
		const times = Array.from({ length: Math.floor(to / step) - first + 1 }, (_, number) => (first + number) * step);
		if (from > 0 && (times[0] === undefined || times[0] - from > step / 2)) times.unshift(from);
		for (const at of times) {
			const x = left + (to > from ? ((at - from) / (to - from)) * (right - left) : 0);
			if (x - (ticks.at(-1)?.x ?? -Infinity) >= TICK_PIXELS * 0.75) ticks.push({ x, text: formatTick(at, step) });
		}
	}
	return ticks;
}

/** The next of 1, 2, 5, 10, ... and of seconds, minutes, hours and days. */
function roundUp(milliseconds: number): number {
	const long = [15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000, 21_600_000, 86_400_000];
	if (milliseconds > 10_000)
		return long.find((step) => step >= milliseconds) ?? 86_400_000 * Math.ceil(milliseconds / 86_400_000);
	const power = 10 ** Math.floor(Math.log10(Math.max(milliseconds, 1e-3)));
	return [1, 2, 5, 10].map((digit) => digit * power).find((step) => step >= milliseconds * 0.999) ?? 10 * power;
}
