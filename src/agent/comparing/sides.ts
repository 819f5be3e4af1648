// One side of a comparison: a machine's devices under one kernel's indexes, with a configuration and a policy; and what that side
// answers for each of its devices. Nothing counts as live. Pure.

import QuickLRU from "quick-lru";
import { MalformedIndex } from "../../libkmod/formats/index-file.js";
import type { PresentDevice } from "../../ports/devices.js";
import type { OnSkipped } from "../../ports/skipping.js";
import { type Decision, listWanted, type Match, makeDecider } from "../decisions/decider.js";
import { isBuiltinAlone, lookUpReadable } from "../explaining/facts.js";
import type { Policy } from "../policy/policy.js";
import type {
	AnsweredDevice,
	AskedModule,
	DeviceAnswer,
	Hindrance,
	KeptOutModule,
	ModulesOfSide,
	ServingModule,
} from "./answers.js";
import { type Insertion, type InsertionJudge, type InsertionRules, makeInsertionJudge } from "./insertion-judge.js";

export type Side = InsertionRules & {
	/** What people call it: a file, a directory, "this machine". */
	readonly name: string;
	/** The kernel's release. Undefined where it is not known. */
	readonly release: string | undefined;
	readonly policy: Policy;
	/** Files and directories that decide, which a capture does not hold though its machine may have them. None when absent. */
	readonly lacks?: readonly string[];
	/** In the order of a walk of /sys. */
	readonly devices: readonly PresentDevice[];
};

/** What is asked of a side for its answers. */
export type Answering = Pick<Side, "knowledge" | "kernelBlacklist" | "isFileThere" | "policy">;

/** Answers for one device. While a policy has no rules about devices, devices of the same aliases get the same object. */
export type Answerer = (device: PresentDevice) => DeviceAnswer;

/** The LRU keeps at least this many answers and never twice as many. */
const LEAST_REMEMBERED = 4096;

/**
 * @param onSkipped as makeDecider's: called for a device or a rule that throws. When undefined, both throw
 * @param remembered as makeDecider's
 */
export function makeAnswerer(side: Answering, onSkipped?: OnSkipped, remembered = LEAST_REMEMBERED): Answerer {
	const { knowledge, policy } = side;
	const decide = makeDecider(knowledge, policy, onSkipped, remembered);
	const judge = makeInsertionJudge(side);
	const answer: Answerer = (device) => answerFor(decide(device), judge, side);
	const rules = [policy.ignore, policy.deny, policy.allow, policy.load];
	if (rules.some(({ length }) => length > 0)) return answer;
	const answers = new QuickLRU<string, DeviceAnswer>({ maxSize: remembered });
	return (device) => {
		const key = device.aliases.join("\0");
		const known = answers.get(key) ?? answer(device);
		answers.set(key, known);
		return known;
	};
}

/** What is asked of a side's kernel about single modules. An index that is damaged has no module. */
export function modulesOf({ knowledge }: Pick<Side, "knowledge">): ModulesOfSide {
	return {
		isBuiltIn: (module) => orNone(() => isBuiltinAlone(knowledge, module)) ?? false,
		hasFile: (module) => orNone(() => knowledge.file(module)) !== undefined,
	};
}

export function answerAll(side: Side, onSkipped?: OnSkipped): readonly AnsweredDevice[] {
	const answer = makeAnswerer(side, onSkipped);
	return side.devices.map((device) => {
		const { devpath, aliases } = device;
		return { devpath, subsystem: subsystemOf(device), aliases, answer: answer(device) };
	});
}

/** A device whose uevent cannot be read counts as one of an unknown subsystem. */
function subsystemOf({ properties }: PresentDevice): string | undefined {
	try {
		return properties?.get("SUBSYSTEM");
	} catch {
		return undefined;
	}
}

function answerFor(decisions: readonly Decision[], judge: InsertionJudge, side: Answering): DeviceAnswer {
	const serving = new Map<string, ServingModule>();
	const keptOut = new Map<string, KeptOutModule>();
	for (const decision of decisions)
		for (const match of decision.matches.length > 0 ? decision.matches : listIgnoredMatches(decision, side)) {
			const { module } = match.found;
			if (serving.has(module)) continue;
			const insertion = judgeMatch(decision, match, judge, side);
			if ("by" in insertion) keptOut.set(module, { ...askedBy(decision, match), by: insertion.by });
			else serving.set(module, { ...askedBy(decision, match), how: insertion.how });
		}
	for (const module of serving.keys()) keptOut.delete(module);
	const problem = decisions.find((one) => one.problem !== undefined)?.problem?.message;
	return {
		serving: [...serving.values()],
		keptOut: [...keptOut.values()],
		...(problem !== undefined && { problem }),
	};
}

/** What a device that a rule leaves alone would ask for. */
function listIgnoredMatches({ alias, ignored }: Decision, { knowledge }: Answering): readonly Match[] {
	if (ignored === undefined) return [];
	return lookUpReadable(knowledge, alias).map((found) => ({ found, verdict: "wanted" }));
}

function askedBy({ alias, rule }: Decision, { found }: Match): AskedModule {
	const { module, pattern, source } = found;
	return { module, alias, pattern, ...(source !== undefined && { source }), ...(rule !== undefined && { rule }) };
}

/** A driver that is built in is there, whatever a blacklist or a rule says of its module. */
function judgeMatch(decision: Decision, match: Match, judge: InsertionJudge, side: Answering): Insertion {
	const { found, verdict, source = { file: "", line: 0 } } = match;
	if (verdict === "builtin" || modulesOf(side).isBuiltIn(found.module)) return { how: "built in" };
	if (decision.ignored !== undefined) return { by: { kind: "ignored", source: decision.ignored } };
	if (verdict !== "wanted") return { by: { kind: verdict, source } satisfies Hindrance };
	const [wanted] = listWanted([{ ...decision, matches: [match] }]);
	return wanted === undefined ? { by: { kind: "no file" } } : judge(wanted);
}

function orNone<Thing>(ask: () => Thing): Thing | undefined {
	try {
		return ask();
	} catch (error) {
		if (error instanceof MalformedIndex) return undefined;
		throw error;
	}
}
