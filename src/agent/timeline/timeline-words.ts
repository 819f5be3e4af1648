// The words of a picture: the state beside a bar, the text that is shown on hover, heading and marks. Byte strings that are not
// escaped yet.
import { countThings } from "../../libkmod/text/word-lists.js";
import { formatSpan } from "./time-text.js";
import type { Timeline, TimelineMark, TimelineModule, TimelineWait } from "./timeline.js";

/** The state of a try, in a word or two beside its bar. */
export function describeState({ begun, ended, result, errno, exitStatus, hung, stuck, waits }: TimelineModule): string {
	if (ended === undefined) {
		if (begun !== undefined) return hung === undefined ? "runs" : "hangs";
		const open = waits.find(({ until, module }) => until === undefined && module !== undefined);
		const other = stuck ?? open?.module;
		return other === undefined ? "waits" : `waits for ${other}`;
	}
	const span = begun === undefined ? "" : formatSpan(ended - begun);
	if (result === "inserted" || result === "ran") return hung === undefined ? span : `${span}, hung`;
	if (result === "failed")
		return `failed${errno ? `, ${errno}` : exitStatus === undefined ? "" : `, status ${exitStatus}`}`;
	if (result === "live") return "live already";
	if (result === "builtin") return "built in";
	return result === "no device" ? `${span}, no device` : (result ?? "");
}

/** The most waits that one module's text names. */
const MOST_WAITS_NAMED = 6;

/** Everything about a try, a line each. */
export function describeModule(one: TimelineModule, isCritical: boolean): readonly string[] {
	const { module, batch, wanted, begun, ended, hung, explanation, rivals, cause } = one;
	return [
		one.try === 1 ? module : `${module}, try ${one.try}`,
		...(explanation === undefined ? [describeState(one)] : [explanation]),
		`cause: ${cause.why}`,
		`wanted at ${formatSpan(wanted)}, in batch ${batch}`,
		...describeWaits(one),
		...(begun === undefined ? [] : [describeInit(begun, ended)]),
		...(hung === undefined ? [] : [`said to hang at ${formatSpan(hung)}`]),
		...(rivals.length === 0 ? [] : [`rivals: ${rivals.join(", ")}`]),
		...(isCritical ? ["on the critical path"] : []),
	];
}

function describeInit(begun: number, ended: number | undefined): string {
	if (ended === undefined) return `its init runs since ${formatSpan(begun)}`;
	return `its init took ${formatSpan(ended - begun)}, from ${formatSpan(begun)} to ${formatSpan(ended)}`;
}

function describeWaits({ waits, wanted, ready, begun }: TimelineModule): readonly string[] {
	const last = [...waits].sort((a, b) => (b.until ?? Infinity) - (a.until ?? Infinity));
	const named = last.slice(0, MOST_WAITS_NAMED).map((wait) => describeWait(wait, wanted, ready));
	const busy = begun !== undefined && ready !== undefined && begun - ready >= 1 && !waits.some(isPermit);
	return [
		...(busy ? [`waited ${formatSpan(begun - ready)} for hotplugd itself`] : []),
		...named,
		...(last.length > named.length ? [`and for ${last.length - named.length} more, not as long`] : []),
	];
}

const isPermit = ({ kind }: TimelineWait): boolean => kind === "permit";

function describeWait({ kind, module, until }: TimelineWait, wanted: number, ready: number | undefined): string {
	const since = kind === "permit" ? (ready ?? wanted) : wanted;
	const what = kind === "permit" ? "a free permit" : `${module ?? "?"} (${kind})`;
	return until === undefined ? `waits for ${what}` : `waited ${formatSpan(until - since)} for ${what}`;
}

export const describeHeading = ({ command, kernel }: Timeline): string =>
	`${command === "run" ? "hotplugd run" : command} on ${kernel}`;

/** What the whole run came to, in one line. */
export function describeRun({ modules, marks, milliseconds, forgotten }: Timeline): string {
	const batches = new Set(modules.map(({ batch }) => batch)).size;
	const settled = marks.find(({ kind }) => kind === "settled");
	const number = (test: (one: TimelineModule) => boolean, what: string): string[] => {
		const all = modules.filter(test).length;
		return all === 0 ? [] : [`${all} ${what}`];
	};
	return [
		`${countThings(modules.length, "module", "modules")} in ${countThings(batches, "batch", "batches")}`,
		settled === undefined ? `not settled after ${formatSpan(milliseconds)}` : `settled after ${formatSpan(settled.at)}`,
		...number(({ result }) => result === "failed" || result === "missing", "failed"),
		...number(({ result }) => result === "blocked", "blocked"),
		...number(({ result }) => result === "no device", "without hardware"),
		...number(({ hung, ended }) => hung !== undefined && ended === undefined, "hung"),
		...(forgotten === 0 ? [] : [`${forgotten} older entries left out`]),
	].join(", ");
}

export function describeMark({ kind, count: number }: TimelineMark): string {
	const noun = (one: string, more: string): string => (number === undefined ? more : countThings(number, one, more));
	switch (kind) {
		case "listening":
			return "listening";
		case "walked":
			return `walked ${noun("device", "devices")}`;
		case "settled":
			return "settled";
		case "lost":
			return `${noun("uevent", "uevents")} lost`;
		case "deaf":
			return "the socket failed";
		case "blind":
			return "/sys could not be read";
	}
}
