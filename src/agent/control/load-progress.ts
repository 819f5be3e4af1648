// The modules that one load request waits for, and its reply when it waits for none any more.
//
// A request in a user's name waits for the whole plan, as modprobe does, except for modules that hang or wait for one that hangs,
// since they may never end. When the kernel asks, a module may be waiting for the answer in its init, and nobody can know which
// one. Such a request therefore waits for the wanted modules alone, which wait for what they need. A wanted module that had begun
// before the request is not waited for, unless no other wanted module comes to life.
import { isUsable, type Outcome } from "../../libkmod/insertion/outcome.js";
import { type Decision, listWanted } from "../decisions/decider.js";
import { judgeLoad } from "./load-verdict.js";
import type { LoadReply } from "./protocol.js";

export type Asked = {
	/** @param running modules that had begun before the request */
	decided(decisions: readonly Decision[], running: readonly string[]): void;
	/** Adds modules that are in flight for the request. An outcome of each follows. */
	planned(modules: readonly string[]): void;
	ended(outcome: Outcome): void;
	/** Whether a wanted module was not begun because the agent stops. */
	isLeft(): boolean;
	/** Whether all wanted modules have begun, or ended. */
	hasBegun(isWaiting: (module: string) => boolean): boolean;
	/**
	 * Returns the reply, or undefined while the request still waits. @param hanging modules that make no progress, each with the
	 * reason in words
	 */
	judge(hanging: ReadonlyMap<string, string>): LoadReply | undefined;
};

export function makeAsked(byKernel: boolean): Asked {
	const outcomes: Outcome[] = [];
	const inFlight = new Set<string>();
	const begunBefore = new Set<string>();
	let decisions: readonly Decision[] = [];
	let wanted: readonly string[] | undefined;
	let isPlanned = false;

	function listAwaited(): readonly string[] {
		if (!byKernel) return [...inFlight];
		const left = (wanted ?? []).filter((module) => inFlight.has(module));
		const begunLater = left.filter((module) => !begunBefore.has(module));
		if (begunLater.length > 0) return begunLater;
		return isAnyLive() ? [] : left;
	}

	function isAnyLive(): boolean {
		const failed = new Set(outcomes.filter((outcome) => !isUsable(outcome)).map(({ step }) => step.module));
		return (wanted ?? []).some((module) => !inFlight.has(module) && !failed.has(module));
	}

	return {
		decided(all, running) {
			decisions = all;
			wanted = listWanted(all).map(({ module }) => module);
			for (const module of running) begunBefore.add(module);
		},
		planned(modules) {
			isPlanned = true;
			for (const module of modules) inFlight.add(module);
		},
		ended(outcome) {
			outcomes.push(outcome);
			inFlight.delete(outcome.step.module);
		},
		isLeft: () => outcomes.some(({ result, step }) => result === "stopped" && wanted?.includes(step.module)),
		hasBegun: (isWaiting) => wanted?.some(isWaiting) === false,
		judge(hanging) {
			if (!isPlanned) return undefined;
			const awaited = listAwaited();
			if (awaited.some((module) => !hanging.has(module))) return undefined;
			const held = awaited.find((module) => wanted?.includes(module));
			if (held !== undefined)
				return { result: "failed", explanation: `${hanging.get(held)}: ${held} may still be loaded later` };
			return judgeLoad(decisions, outcomes);
		},
	};
}
