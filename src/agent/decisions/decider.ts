// Decisions from a device, the knowledge and the policy: which modules each alias of a device asks for, which modules policy
// loads for the device, and what keeps modules out. Pure.

import QuickLRU from "quick-lru";
import type { Source } from "../../libkmod/formats/modprobe-config.js";
import { asError } from "../../libkmod/kernel/errors.js";
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import { type Found, lookUp } from "../../libkmod/knowledge/lookup.js";
import { byAlias, type Wanted } from "../../libkmod/planning/plan-insertion.js";
import type { PresentDevice } from "../../ports/devices.js";
import type { OnSkipped } from "../../ports/skipping.js";
import { attempt } from "../faults/skipped.js";
import { findIgnore, findMask, findObjection, type Load, listLoads, noPolicy, type Policy } from "../policy/policy.js";

export type Verdict = "wanted" | "builtin" | "blacklisted" | "denied" | "not allowed";

export type Match = {
	readonly found: Found;
	readonly verdict: Verdict;
	/** The blacklist line (line 0 means the kernel command line), or the rule of policy. */
	readonly source?: Source;
};

/**
 * The decision for one alias of one device. `matches` is empty when no module has the alias, or the indexes could not be read.
 */
export type Decision = {
	/** Empty when a client asks, not a device. */
	readonly device: string;
	readonly alias: string;
	readonly matches: readonly Match[];
	readonly problem?: Error;
	/** The rule of policy that asks for the alias. Undefined when the device itself asks. */
	readonly rule?: Source;
	/** The rule that has the device ignored: nothing was looked up. */
	readonly ignored?: Source;
};

/**
 * Decides by one state of the knowledge. A repeated alias, matched or not, costs one read of a cache. A device that comes up gets
 * the modules that its aliases ask for; any other action gets only what policy says.
 */
export type Decider = (device: PresentDevice) => readonly Decision[];

/** So many aliases are remembered, so that a storm of invented aliases cannot fill the memory. */
const LEAST_REMEMBERED = 4096;

/** Returns the knowledge with the masks of policy, which plans then respect. */
export function withMasks(knowledge: Knowledge, policy: Policy): Knowledge {
	return policy.mask.length === 0 ? knowledge : { ...knowledge, masked: (module) => findMask(policy, module) };
}

/**
 * @param onSkipped called when a rule throws, which skips that rule, or when a device does, which skips all decisions for it.
 * When undefined, both throw.
 * @param remembered the LRU keeps at least so many aliases, and never twice as many
 */
export function makeDecider(
	knowledge: Knowledge,
	policy: Policy = noPolicy,
	onSkipped?: OnSkipped,
	remembered = LEAST_REMEMBERED,
): Decider {
	const maker = new DecisionMaker(knowledge, policy, onSkipped, remembered);
	if (onSkipped === undefined) return (device) => maker.decide(device);
	return (device) => attempt(device.devpath, onSkipped, [], () => maker.decide(device));
}

class DecisionMaker {
	readonly #knowledge: Knowledge;
	readonly #policy: Policy;
	readonly #onSkipped: OnSkipped | undefined;
	/** Cached answers by alias. */
	readonly #answers: QuickLRU<string, Answer>;

	constructor(knowledge: Knowledge, policy: Policy, onSkipped: OnSkipped | undefined, remembered: number) {
		this.#answers = new QuickLRU({ maxSize: remembered });
		this.#knowledge = knowledge;
		this.#policy = policy;
		this.#onSkipped = onSkipped;
	}

	/**
	 * While the knowledge lacks indexes, an arrival gets no decision: the look that follows finds the device again. Any other
	 * action gets its decisions, and the caller remembers the device.
	 */
	decide(device: PresentDevice): readonly Decision[] {
		return this.#knowledge.lacking !== undefined && (device.action ?? "add") === "add" ? [] : this.#decideNow(device);
	}

	#decideNow(device: PresentDevice): readonly Decision[] {
		const { devpath, action = "add" } = device;
		const own = action === "add" ? device.aliases : [];
		const ignored = findIgnore(this.#policy, device);
		if (ignored !== undefined) return own.map((alias) => ({ device: devpath, alias, matches: [], ignored }));
		const decisions = own.map((alias) => this.#decideAlias(device, alias));
		const loads = listLoads(this.#policy, device, this.#onSkipped);
		// A rule may name all of the device's own aliases.
		const asked = loads.length > 0 ? new Set(own) : undefined;
		for (const load of loads) if (!asked?.has(load.alias)) decisions.push(this.#decideLoad(device, load));
		return decisions;
	}

	/** A rule that names a module is subject to the blacklist like an alias, as it is for udev. */
	#decideLoad(device: PresentDevice, { alias, rule }: Load): Decision {
		const heed = (matches: readonly Match[]) => matches.map((match) => heedBlacklist(this.#knowledge, match));
		return { ...this.#decideAlias(device, alias, heed), rule };
	}

	/** An error, even a fault of this program, costs only this decision. When policy cannot be evaluated, nothing is loaded. */
	#decideAlias(device: PresentDevice, alias: string, heed = (matches: readonly Match[]) => matches): Decision {
		const { devpath } = device;
		try {
			const known = this.#answer(alias);
			const matches = object(this.#policy, device, alias, heed(known.matches));
			if (known.problem === undefined) return { device: devpath, alias, matches };
			return { device: devpath, alias, matches, problem: known.problem };
		} catch (thrown) {
			return { device: devpath, alias, matches: [], problem: asError(thrown) };
		}
	}

	#answer(alias: string): Answer {
		const known = this.#answers.get(alias);
		if (known !== undefined) return known;
		const found = ask(this.#knowledge, alias);
		this.#answers.set(alias, found);
		return found;
	}
}

/** Policy is asked about wanted matches only: the others are not loaded anyway. */
function object(policy: Policy, device: PresentDevice, alias: string, matches: readonly Match[]): readonly Match[] {
	if (policy.deny.length === 0 && policy.allow.length === 0) return matches;
	return matches.map((match) => {
		const { found, verdict } = match;
		return verdict === "wanted" ? { ...match, ...findObjection(policy, device, alias, found.module) } : match;
	});
}

function heedBlacklist(knowledge: Knowledge, match: Match): Match {
	const source = match.verdict === "wanted" ? knowledge.blacklisted(match.found.module) : undefined;
	return source === undefined ? match : { ...match, verdict: "blacklisted", source };
}

type Answer = Pick<Decision, "matches" | "problem">;

function ask(knowledge: Knowledge, alias: string): Answer {
	try {
		return { matches: judge(knowledge, lookUp(knowledge, alias)) };
	} catch (thrown) {
		// The usual cause is a damaged index.
		return { matches: [], problem: asError(thrown) };
	}
}

function judge(knowledge: Knowledge, found: readonly Found[]): readonly Match[] {
	const matches = new Map<string, Match>();
	for (const one of found) {
		if (matches.has(one.module)) continue;
		const source = byAlias(one) ? knowledge.blacklisted(one.module) : undefined;
		if (source !== undefined) matches.set(one.module, { found: one, verdict: "blacklisted", source });
		else matches.set(one.module, { found: one, verdict: isBuiltin(knowledge, one) ? "builtin" : "wanted" });
	}
	return [...matches.values()];
}

function isBuiltin(knowledge: Knowledge, { via, module }: Found): boolean {
	if (via === "builtin" || via === "builtin alias index") return true;
	return knowledge.file(module) === undefined && knowledge.isBuiltin(module);
}

/** Returns the wanted modules of decisions, in order, in the form that planning takes. */
export function listWanted(decisions: readonly Decision[]): readonly Wanted[] {
	return decisions.flatMap(({ device, alias, matches, rule }) =>
		matches
			.filter(({ verdict }) => verdict === "wanted")
			.map(({ found }) => ({
				module: found.module,
				...(byAlias(found) && { alias }),
				cause: { kind: "alias", alias, found, ...(device !== "" && { device }), ...(rule && { rule }) } as const,
			})),
	);
}
