// A timeline as text: `hotplugd blame` and `hotplugd critical-chain`, which are laid out as systemd-analyze(1) lays out its own.
// The results are bytes that are safe to print.
import type { Result } from "../../libkmod/insertion/outcome.js";
import type { WholeNumber } from "../../libkmod/kernel/whole-number.js";
import { printable } from "../../libkmod/text/printable.js";
import { findAwaited, findBefore, findLast, indexTries, type Tries } from "./critical-path.js";
import { formatSpan } from "./time-text.js";
import type { Timeline, TimelineModule, TimelineWait } from "./timeline.js";

/** A line of hotplugd blame --json: the time that a try of a module took. */
export type BlameRecord = {
	readonly module: string;
	/** 1, or more for a module that was tried again. */
	readonly try: WholeNumber;
	/** Milliseconds of its init so far, or of its `install` command. */
	readonly milliseconds: number;
	/** Milliseconds from when the module was wanted until its init began. */
	readonly waited: number;
	/** When its init began, in milliseconds since the agent or coldplug began. */
	readonly begun: number;
	/** Absent while it runs. */
	readonly result?: Result;
	/** Whether it was said to hang, even if it has ended since. */
	readonly hung: boolean;
	/** The cause in a sentence. */
	readonly why: string;
};

/** Lists the modules that began, the longest init first. */
export function listBlame({ modules, milliseconds }: Timeline): readonly BlameRecord[] {
	return modules
		.flatMap((one) => (one.begun === undefined ? [] : [blameOf(one, one.begun, milliseconds)]))
		.sort((a, b) => b.milliseconds - a.milliseconds || a.begun - b.begun);
}

function blameOf(one: TimelineModule, begun: number, now: number): BlameRecord {
	const { module, wanted, ended = now, result, hung, cause } = one;
	return {
		module,
		try: one.try,
		milliseconds: rounded(ended - begun),
		waited: rounded(begun - wanted),
		begun,
		...(result !== undefined && { result }),
		hung: hung !== undefined,
		why: cause.why,
	};
}

const rounded = (milliseconds: number): number => Math.round(milliseconds * 1000) / 1000;

export function formatBlame(blame: readonly BlameRecord[]): string {
	const spans = blame.map(({ milliseconds }) => formatSpan(milliseconds));
	const width = Math.max(...spans.map(({ length }) => length), 0);
	return blame.map((one, place) => `${spans[place]!.padStart(width)} ${formatBlamed(one)}\n`).join("");
}

function formatBlamed(one: BlameRecord): string {
	const { module, result, hung } = one;
	const outcome = result === undefined ? (hung ? "hangs" : "runs") : result;
	const notes = [
		...(one.try > 1 ? [`try ${one.try}`] : []),
		...(outcome === "inserted" ? [] : [outcome]),
		...(hung && result !== undefined ? ["hung meanwhile"] : []),
	];
	return printable(notes.length === 0 ? module : `${module} (${notes.join(", ")})`);
}

const HEADING = `A module's init began at the time after "@", and took the time after "+".\n`;
/** The most lines of a tree. */
const MOST_LINES = 1000;

/**
 * Formats the tree of what a module waited for, the wait that ended last first; of the module that ended last when none is
 * named. Each module stands in the tree once. Undefined when the timeline has no such module.
 */
export function formatCriticalChain(timeline: Timeline, named?: string): string | undefined {
	const top = named === undefined ? findLast(timeline) : timeline.modules.findLast(({ module }) => module === named);
	if (top === undefined) return undefined;
	const growing: Growing = {
		tries: indexTries(timeline.modules),
		now: timeline.milliseconds,
		seen: new Set(),
		lines: 0,
	};
	const lines = listLines(grow(growing, top, "", true));
	return `${HEADING}\n${lines.map((line) => `${line}\n`).join("")}`;
}

type Growing = {
	readonly tries: Tries;
	/** Milliseconds: when the timeline was made. */
	readonly now: number;
	readonly seen: Set<TimelineModule>;
	lines: number;
};

/** A line of a tree, and the trees below it. */
type Branch = { readonly text: string; readonly below: readonly Branch[] };

/** @param isCritical whether each wait above is the one that ended last: then a permit leads on to the module that had it */
function grow(growing: Growing, one: TimelineModule, note: string, isCritical: boolean): Branch {
	const { seen, now } = growing;
	seen.add(one);
	growing.lines++;
	const below: Branch[] = [];
	for (const [place, { wait, other }] of listWaits(growing, one, isCritical).entries()) {
		if (growing.lines >= MOST_LINES || (other !== undefined && seen.has(other))) continue;
		if (other === undefined) {
			growing.lines++;
			below.push({ text: formatWait(one, wait), below: [] });
		} else below.push(grow(growing, other, ` (${noteOf(one, wait)})`, isCritical && place === 0));
	}
	return { text: formatTimes(one, now) + note, below };
}

/** The lines of a tree in UTF-8. */
function listLines({ text, below }: Branch): readonly string[] {
	const lines = below.map(listLines);
	return [
		text,
		...lines.flatMap((part, place) => {
			const [first, rest] = place < lines.length - 1 ? [FORK, STEM] : [CORNER, "  "];
			return part.map((line, number) => (number === 0 ? first : rest) + line);
		}),
	];
}

const FORK = "\xe2\x94\x9c\xe2\x94\x80";
const CORNER = "\xe2\x94\x94\xe2\x94\x80";
const STEM = "\xe2\x94\x82 ";

const noteOf = (one: TimelineModule, wait: TimelineWait): string =>
	wait.kind === "permit" ? `had the permit, for ${formatPermit(one)}` : wait.kind;

type Awaited = { readonly wait: TimelineWait; readonly other: TimelineModule | undefined };

/** What a module waited for, the wait that ended last first. */
function listWaits({ tries }: Growing, one: TimelineModule, isCritical: boolean): readonly Awaited[] {
	const before = isCritical ? findBefore(tries, one) : undefined;
	const giver = before?.kind === "permit" ? before.one : undefined;
	return [...one.waits]
		.sort((a, b) => (b.until ?? Infinity) - (a.until ?? Infinity))
		.map((wait) => ({ wait, other: wait.kind === "permit" ? giver : findAwaited(tries, one, wait) }));
}

function formatTimes(one: TimelineModule, now: number): string {
	const { module, begun, ended, result } = one;
	if (begun === undefined) return printable(`${module} (${result ?? "waits"})`);
	const note = result === undefined ? " (runs)" : result === "inserted" ? "" : ` (${result})`;
	return printable(`${module} @${formatSpan(begun)} +${formatSpan((ended ?? now) - begun)}${note}`);
}

function formatWait(one: TimelineModule, { kind, module, until }: TimelineWait): string {
	if (kind === "permit") return `a free permit, for ${formatPermit(one)}`;
	return printable(`${module ?? ""} (${kind}${until === undefined ? "" : `, until ${formatSpan(until)}`})`);
}

/** How long a module waited for its permit. */
const formatPermit = ({ ready = 0, begun = 0 }: TimelineModule): string => formatSpan(begun - ready);
