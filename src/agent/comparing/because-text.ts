// Why a module serves a device on one side alone, or is in one plan alone: as a clause with its place. Pure.

import { formatFileLine } from "../../libkmod/formats/modprobe-config.js";
import { shorten } from "../../libkmod/text/shorten.js";
import { listWords } from "../../libkmod/text/word-lists.js";
import { explainObstacle } from "../telling/obstacle-text.js";
import type { Both, Hindrance } from "./answers.js";
import type { PlanBecause } from "./plan-changes.js";

/** @param names what the sides are called @param module the one that is not there */
export function explainBecause(because: PlanBecause, module: string, names: Both<string>): string {
	const here = names[because.side];
	const there = names[because.side === "a" ? "b" : "a"];
	switch (because.kind) {
		case "no pattern":
			if (because.has) return `${here} has ${module}, but none of its patterns matches the alias`;
			return because.matched
				? `${here} has no ${module}`
				: `${here} has no ${module}, and no pattern that matches the alias`;
		case "another module": {
			const place = because.source === undefined ? "" : ` (${formatFileLine(because.source)})`;
			return `in ${here} the alias leads to ${because.module}, by ${shorten(because.pattern)}${place}`;
		}
		case "no device":
			return `${here} has no such device`;
		case "another device":
			return `in ${here} another device is in its place: ${shorten(because.alias)}`;
		case "no alias line":
			return `${there} lacks the alias line of ${here}, ${formatFileLine(because.source)}`;
		case "no load rule":
			return `${there} lacks the [[load]] rule of ${here}, ${formatFileLine(because.source)}`;
		case "not looked up":
			return `the alias could not be looked up in ${here}: ${because.problem}`;
		case "built in":
			return `built into the kernel of ${here}`;
		case "not needed":
			return `${because.of} does not need it in ${here}`;
		case "not brought":
			return because.of === module
				? `nothing asks for it in ${here}`
				: `it came with ${because.of}, which is not loaded in ${here}`;
		case "no softdep":
			return `${there} lacks the softdep of ${here}, ${formatFileLine(because.source)} (softdep ${because.of} ${because.when}: ${module})`;
		case "other lines":
			return because.lines.length === 0
				? `the lines of ${here} stand in another order`
				: placeIn(here, `by ${listWords(because.lines.map(formatFileLine))}`);
		default:
			return placeIn(here, explainHindrance(because, module));
	}
}

/** A path below a side's root tells the side already. */
const placeIn = (side: string, clause: string): string => (clause.includes(side) ? clause : `${clause}, in ${side}`);

function explainHindrance(by: Hindrance, module: string): string {
	switch (by.kind) {
		case "no file":
			return `there is no file for ${module}`;
		case "unreadable":
			return `it could not be looked up: ${by.problem}`;
		case "denied":
			return `denied by ${formatFileLine(by.source)} (a [[deny]] rule)`;
		case "ignored":
			return `the device is left alone by ${formatFileLine(by.source)} (an [[ignore]] rule)`;
		case "not allowed":
			return `no [[allow]] rule allows it (${formatFileLine(by.source)})`;
		case "needs":
			return `it needs ${by.module}, of which: ${explainHindrance(by.by, by.module)}`;
		default:
			return explainObstacle(by, module);
	}
}
