// (device, knowledge) -> decisions: which modules each alias of a device asks for, and what keeps them out. Pure.
import { MalformedIndex } from "../libkmod/formats/index-file.js";
import type { Source } from "../libkmod/formats/modprobe-config.js";
import type { Knowledge } from "../libkmod/knowledge.js";
import { type Found, lookUp } from "../libkmod/lookup.js";
import { byAlias, type Wanted } from "../libkmod/plan-insertion.js";
import type { PresentDevice } from "./devices.js";

export type Verdict = "wanted" | "builtin" | "blacklisted";

export type Match = {
	readonly found: Found;
	readonly verdict: Verdict;
	/** The blacklist line; line 0 is the kernel command line. */
	readonly source?: Source;
};

/** What one alias of one device asks for. No matches: no module knows it, or the indexes could not be asked. */
export type Decision = {
	readonly device: string;
	readonly alias: string;
	readonly matches: readonly Match[];
	readonly problem?: Error;
};

/** Answers aliases from one state of the knowledge; the same alias again, matched or not, costs a Map look-up. */
export type Decider = (device: PresentDevice) => readonly Decision[];

/** Aliases remembered at most: a storm of made-up ones must not fill the memory. */
const MOST_REMEMBERED = 16_384;

export function makeDecider(knowledge: Knowledge): Decider {
	const answers = new Map<string, Answer>();
	const answer = (alias: string): Answer => {
		const known = answers.get(alias);
		if (known !== undefined) return known;
		const found = ask(knowledge, alias);
		if (answers.size >= MOST_REMEMBERED) answers.clear();
		answers.set(alias, found);
		return found;
	};
	return ({ devpath, aliases }) => aliases.map((alias) => ({ device: devpath, alias, ...answer(alias) }));
}

type Answer = Pick<Decision, "matches" | "problem">;

function ask(knowledge: Knowledge, alias: string): Answer {
	try {
		return { matches: judge(knowledge, lookUp(knowledge, alias)) };
	} catch (error) {
		if (!(error instanceof MalformedIndex)) throw error;
		return { matches: [], problem: error };
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

/** The wanted modules of decisions, in order, as a plan takes them. */
export function listWanted(decisions: readonly Decision[]): readonly Wanted[] {
	return decisions.flatMap(({ device, alias, matches }) =>
		matches
			.filter(({ verdict }) => verdict === "wanted")
			.map(({ found }) => ({
				module: found.module,
				...(byAlias(found) && { alias }),
				cause: { kind: "alias", alias, found, device } as const,
			})),
	);
}
