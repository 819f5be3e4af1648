// A batch: every decision taken in one drain of the socket or one slice of the walk, planned as one graph. Pure.

import { asError } from "../../libkmod/kernel/errors.js";
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import {
	planInsertion,
	type Rivals,
	rivalsAmong,
	type Step,
	type Wanted,
} from "../../libkmod/planning/plan-insertion.js";
import { shorten } from "../../libkmod/text/shorten.js";
import type { OnSkipped } from "../../ports/skipping.js";
import { type Decision, listWanted } from "./decider.js";

/** A wanted module that is not in the plan, and why. */
export type Spared = {
	readonly module: string;
	readonly device: string;
	readonly why: "live" | "tried" | "resting" | "behind"; // a rival that goes first is in its back-off
};

export type Batch = {
	/** The number of the batch, from 1 since the agent began. */
	readonly number: number;
	readonly decisions: readonly Decision[];
	readonly plan: readonly Step[];
	/** By module of the plan: the devices that want the module by an alias of their own. */
	readonly wantedBy: ReadonlyMap<string, readonly string[]>;
	readonly spared: readonly Spared[];
};

export type Situation = {
	/** Whether the kernel lists the module as live when the batch is planned. */
	isLive(module: string): boolean;
	/** Whether the module was tried for this very device and failed. */
	wasTried(module: string, device: string): boolean;
	/** Whether an earlier batch has the module in flight. When undefined, no module is in flight. */
	isUnderWay?(module: string): boolean;
	/** Whether the module is in its back-off after a failure. When undefined, no module is in its back-off. */
	isResting?(module: string): boolean;
};

/**
 * When one decision makes planning throw, the others are planned without it: the list is halved until only that decision is left
 * out, and each part becomes a batch.
 */
export function planApart(
	decisions: readonly Decision[],
	plan: (decisions: readonly Decision[]) => Batch,
	onSkipped: OnSkipped,
): readonly Batch[] {
	try {
		return [plan(decisions)];
	} catch (thrown) {
		const [first] = decisions;
		if (first === undefined) throw thrown;
		if (decisions.length === 1) {
			onSkipped(`${first.device || "a request"}: ${shorten(first.alias)}`, asError(thrown));
			return [];
		}
		const half = decisions.length >> 1;
		return [
			...planApart(decisions.slice(0, half), plan, onSkipped),
			...planApart(decisions.slice(half), plan, onSkipped),
		];
	}
}

export function planBatch(
	number: number,
	knowledge: Knowledge,
	decisions: readonly Decision[],
	{ isLive, wasTried, isUnderWay = () => false, isResting = () => false }: Situation,
): Batch {
	const wantedBy = new Map<string, string[]>();
	const spared: Spared[] = [];
	const all = listWanted(decisions);
	const notYet = all.filter((one) => {
		const why = isLive(one.module) ? "live" : wasTried(one.module, deviceOf(one)) ? "tried" : undefined;
		if (why !== undefined) spared.push({ module: one.module, device: deviceOf(one), why });
		return why === undefined;
	});
	const rests = notYet.some(({ module }) => isResting(module));
	const behind = rests ? listBehindResting(rivalsAmong(knowledge, notYet), isResting) : nobody;
	const wanted = notYet.filter((one) => {
		const { module } = one;
		const device = deviceOf(one);
		const why = isResting(module) ? "resting" : behind.has(placeOf(device, module)) ? "behind" : undefined;
		if (why !== undefined) spared.push({ module, device, why });
		else if (wantedBy.get(module)?.push(device) === undefined) wantedBy.set(module, [device]);
		return why === undefined;
	});
	const isPending = ({ module }: Wanted): boolean => isUnderWay(module) && !isLive(module);
	const plan = planBehind(knowledge, all, wanted, isPending).filter(
		({ module, how }) => how !== "builtin" && !isLive(module),
	);
	return { number, decisions, plan, wantedBy, spared };
}

/**
 * An attempt counts from its begin, so a rival that is still in flight counts as tried, yet must end before this plan's modules
 * begin. The plan therefore holds the rival's step, which joins the flight, for the order alone, without the rival's
 * dependencies.
 */
function planBehind(
	knowledge: Knowledge,
	all: readonly Wanted[],
	wanted: readonly Wanted[],
	isPending: (one: Wanted) => boolean,
): readonly Step[] {
	const plan = planInsertion(knowledge, wanted);
	const chosen = new Set(wanted);
	const pending = new Set(all.filter((one) => !chosen.has(one) && isPending(one)));
	if (pending.size === 0) return plan;
	const places = new Set(wanted.map((one) => placeOf(deviceOf(one), one.module)));
	const rivals = rivalsAmong(
		knowledge,
		all.filter((one) => chosen.has(one) || pending.has(one)),
	);
	const first = new Set(
		rivals.flatMap(({ device, modules }) => {
			const last = modules.findLastIndex((module) => places.has(placeOf(device, module)));
			return modules.slice(0, Math.max(last, 0));
		}),
	);
	const own = new Set(plan.map(({ module }) => module));
	const ordered = planInsertion(
		knowledge,
		all.filter((one) => chosen.has(one) || (pending.has(one) && first.has(one.module))),
	);
	return ordered.filter(({ module }) => own.has(module) || first.has(module));
}

const nobody: ReadonlySet<string> = new Set();

const deviceOf = ({ cause }: Wanted): string => (cause.kind === "alias" && cause.device) || "";

const placeOf = (device: string, module: string): string => `${device}\0${module}`;

/** Rivals keep their order: when the first is in its back-off, those behind wait for it. */
function listBehindResting(rivals: readonly Rivals[], isResting: (module: string) => boolean): ReadonlySet<string> {
	return new Set(
		rivals.flatMap(({ device, modules }) => {
			const first = modules.findIndex(isResting);
			return first < 0 ? [] : modules.slice(first + 1).map((module) => placeOf(device, module));
		}),
	);
}
