// The exit status of `explain`: one for each kind of judgement, and the worst of several. Pure.

import type { Judgement, VerdictKind } from "./explanation.js";

/** The statuses of the kinds. 2 is a wrong call, and belongs to no subject. */
const statuses: Readonly<Record<VerdictKind, number>> = {
	bound: 0,
	builtin: 0,
	live: 0,
	"no need": 0,
	wanted: 3,
	unbound: 4,
	"kept out": 5,
	"no driver": 6,
	"not asked for": 6,
	absent: 6,
	failure: 1,
};

/** From the best to the worst. */
const ORDER: readonly number[] = [0, 3, 4, 5, 6, 1];

export function statusOf({ kind }: Judgement): number {
	return statuses[kind];
}

/** The status of all subjects together: that of the worst. */
export function worstStatus(judgements: readonly Judgement[]): number {
	const places = judgements.map((judgement) => ORDER.indexOf(statusOf(judgement)));
	return ORDER[Math.max(0, ...places)] ?? 0;
}
