// (wanted, knowledge) -> Step[]: what has to happen, in which order and why. Dry run, -D, log, explanation and inserter
// are readers of this one list. Pure: what is live already is the engine's question, asked when a step begins.
//
// The order is libkmod's: of each hard dependency, deepest first, its softdeps before it, itself, its softdeps behind it;
// then the same for the module itself. Softdeps bring their own dependencies and softdeps; what is gathered already, by
// the same name or alias, is not gathered again, which ends loops.
import { MalformedIndex } from "../formats/index-file.js";
import type { SoftdepLine, Source } from "../formats/modprobe-config.js";
import { moduleFileIn } from "../kernel/other-root.js";
import type { Knowledge } from "../knowledge/knowledge.js";
import { type Found, lookUp } from "../knowledge/lookup.js";
import { normaliseAlias } from "../text/module-name.js";
import { type AskedFor, listRivals, orderRivals, type Prerequisite, type Rivals } from "./rivals.js";

export type { Prerequisite, Rivals } from "./rivals.js";

/** Why a module is in a plan: the first reason met. */
export type Cause =
	| {
			readonly kind: "alias";
			readonly alias: string;
			readonly found: Found;
			readonly device?: string;
			/** Where the agent's policy asks for it, not the device. */
			readonly rule?: Source;
	  }
	| { readonly kind: "name" }
	| { readonly kind: "dependency"; readonly of: string }
	| { readonly kind: "softdep"; readonly of: string; readonly when: "pre" | "post"; readonly source: Source };

export type Wanted = { readonly module: string; readonly alias?: string; readonly cause: Cause };

/** How a module comes to life: its file, its `install` command, nothing to do, nothing to do it with, or not at all. */
export type Action =
	| { readonly how: "insert"; readonly path: string }
	| { readonly how: "run"; readonly command: string; readonly source: Source }
	| { readonly how: "builtin" }
	/** The problem: what keeps the index from saying which file it is. */
	| { readonly how: "missing"; readonly problem?: string }
	/** It is masked, or needs what is. */
	| { readonly how: "masked"; readonly source: Source; readonly needs?: string };

export type Step = Action & {
	readonly module: string;
	/** The alias that led to it, as it is compared. */
	readonly alias?: string;
	readonly parameters: string;
	/** False for what only softdeps ask for: its failure is nobody else's. */
	readonly required: boolean;
	/** Steps that stand earlier in the list. */
	readonly after: readonly Prerequisite[];
	readonly cause: Cause;
	/** The `install` line that counts for nothing because the module has softdeps, as in kmod. */
	readonly commandIgnored?: Source;
};

export type PlanOptions = {
	/** modprobe -i: the wanted modules' own `install` commands count for nothing, and as in kmod neither do their softdeps. */
	readonly ignoreCommands?: boolean;
};

/** A module reached through an alias is subject to the blacklist and takes the alias's options as well. */
export function byAlias({ via }: Found): boolean {
	return via === "alias line" || via === "alias index" || via === "symbol index" || via === "builtin alias index";
}

/** One module's list as libkmod walks it and `modprobe -D` prints it, repeats included. @throws {MalformedIndex} */
export function listProbe(knowledge: Knowledge, wanted: Wanted, options: PlanOptions = {}): readonly Step[] {
	return list(knowledge, wanted, options, new Map());
}

function list(knowledge: Knowledge, wanted: Wanted, options: PlanOptions, planned: Planned): readonly Step[] {
	const steps: Step[] = [];
	const ignoring = options.ignoreCommands ? wanted : undefined;
	carryOut(gather({ knowledge, ignoring, gathered: new Set(), planned, steps }, wanted, true));
	return withRequirements(steps);
}

/** What is needed in one place is so in every other, where only softdeps ask for it. */
function withRequirements(steps: readonly Step[]): readonly Step[] {
	const required = new Set(steps.filter((step) => step.required).map(keyOf));
	return steps.map((step) => (!step.required && required.has(keyOf(step)) ? { ...step, required: true } : step));
}

/**
 * The plan for all that is wanted: each module once, in the place where it is first needed, and those that match one alias one
 * after the other, as rivals. Where an index is damaged, that concerns the modules that need the damaged part: they are missing
 * from it.
 */
export function planInsertion(
	knowledge: Knowledge,
	wanted: readonly Wanted[],
	options: PlanOptions = {},
): readonly Step[] {
	const plan = new Map<string, Step>();
	const require = (module: string): void => {
		const earlier = plan.get(module);
		if (earlier?.required === false) plan.set(module, { ...earlier, required: true });
	};
	for (const one of wanted) {
		const known = plan.get(one.module);
		if (known !== undefined) {
			// All that it brings with it is there too.
			if (!known.required) for (const module of [one.module, ...dependenciesOf(knowledge, one)]) require(module);
			continue;
		}
		for (const step of listReadable(knowledge, one, options, plan)) {
			if (!plan.has(step.module))
				plan.set(step.module, { ...step, after: step.after.filter(({ module }) => plan.has(module)) });
			else if (step.required) require(step.module);
		}
	}
	return orderRivals([...plan.values()], rivalsAmong(knowledge, wanted));
}

const dependenciesOf = (knowledge: Knowledge, { module }: Wanted): readonly string[] =>
	knowledge.file(module)?.dependencies ?? [];

/** Who goes one after the other: the modules that match one alias of a device, in their order. */
export function rivalsAmong(knowledge: Knowledge, wanted: readonly Wanted[]): readonly Rivals[] {
	return listRivals(wanted.map(askingOf), (module) => knowledge.file(module)?.path);
}

function askingOf({ module, cause }: Wanted): AskedFor {
	return { module, by: cause.kind === "alias" ? { device: cause.device ?? "", alias: cause.alias } : undefined };
}

function listReadable(knowledge: Knowledge, wanted: Wanted, options: PlanOptions, planned: Planned): readonly Step[] {
	try {
		return list(knowledge, wanted, options, planned);
	} catch (error) {
		if (!(error instanceof MalformedIndex)) throw error;
		const { module, cause } = wanted;
		return [{ module, how: "missing", problem: error.message, parameters: "", required: true, after: [], cause }];
	}
}

/** Steps by level: a step's prerequisites all lie in lower levels. Level 0 needs nothing that is in the plan. */
export function levels(plan: readonly Step[]): readonly (readonly Step[])[] {
	const levelOf = new Map<string, number>();
	const byLevel: Step[][] = [];
	for (const step of plan) {
		let level = 0;
		for (const { module } of step.after) level = Math.max(level, 1 + (levelOf.get(module) ?? -1));
		levelOf.set(step.module, level);
		const peers = byLevel[level];
		if (peers === undefined) byLevel[level] = [step];
		else peers.push(step);
	}
	return byLevel;
}

/** By module, what an earlier one brought into the plan: its dependencies and softdeps are there too. */
type Planned = ReadonlyMap<string, Step>;

type Gathering = {
	readonly knowledge: Knowledge;
	/** Its own command and softdeps count for nothing: the command wherever it is met, the softdeps where it is itself wanted. */
	readonly ignoring: Wanted | undefined;
	readonly gathered: Set<string>;
	readonly planned: Planned;
	readonly steps: Step[];
};

/** A piece of the gathering; those it leaves to be done come next, in their order. A chain of softdeps may be longer than a stack is deep. */
type Task = () => readonly Task[];

function carryOut(task: Task): void {
	const due = [task];
	for (let next = due.pop(); next !== undefined; next = due.pop())
		for (const left of next().toReversed()) due.push(left);
}

const gather =
	(gathering: Gathering, wanted: Wanted, required: boolean): Task =>
	() => {
		const { knowledge, gathered, planned } = gathering;
		const key = keyOf(wanted);
		if (gathered.has(key) || isPlanned(planned, wanted.module, required)) return [];
		gathered.add(key);
		const masked = makeMasked(knowledge, wanted, required);
		if (masked !== undefined) {
			gathering.steps.push(masked);
			return [];
		}
		const dependencies = dependenciesOf(knowledge, wanted).filter((module) => !isPlanned(planned, module, required));
		const causeOf = { kind: "dependency", of: wanted.module } as const;
		const all = [...dependencies.map((module) => ({ module, cause: causeOf })), wanted];
		// Most have no softdeps: nothing of theirs is left to be done later.
		const first = all.findIndex((one) => !addAlone(gathering, one, required));
		return first < 0 ? [] : all.slice(first).map((one) => withSoftdeps(gathering, one, required));
	};

/** Whether there is nothing to be added for it. */
function isPlanned(planned: Planned, module: string, required: boolean): boolean {
	const step = planned.get(module);
	return step !== undefined && (step.required || !required);
}

const softdepsOf = ({ knowledge, ignoring }: Gathering, wanted: Wanted): readonly SoftdepLine[] =>
	wanted === ignoring ? [] : knowledge.softdeps(wanted.module);

/** Whether it has no softdeps, and so has been added. */
function addAlone(gathering: Gathering, wanted: Wanted, required: boolean): boolean {
	if (softdepsOf(gathering, wanted).length > 0) return false;
	addStep(gathering, wanted, required, []);
	return true;
}

/** @param pre its softdeps that go before it. @param softdeps whether there are any, before or after. */
function addStep(
	gathering: Gathering,
	wanted: Wanted,
	required: boolean,
	pre: readonly Wanted[],
	softdeps = false,
): void {
	const { knowledge, ignoring, steps } = gathering;
	const { cause } = wanted;
	const after: Prerequisite[] = [
		...dependenciesOf(knowledge, wanted).map((name) => ({ module: name, hard: true })),
		...pre.map((one) => ({ module: one.module, hard: false })),
	];
	if (cause.kind === "softdep" && cause.when === "post") after.push({ module: cause.of, hard: false });
	const ignoreCommand = ignoring !== undefined && keyOf(wanted) === keyOf(ignoring);
	steps.push(makeStep(knowledge, wanted, { required, after, ignoreCommand, softdeps }));
}

/** In place of the module and of all that it needs: nothing of it is to be loaded. */
function makeMasked(knowledge: Knowledge, wanted: Wanted, required: boolean): Step | undefined {
	if (knowledge.masked === undefined) return undefined;
	const { module, alias, cause } = wanted;
	for (const needed of [module, ...dependenciesOf(knowledge, wanted)]) {
		const source = knowledge.masked(needed);
		if (source === undefined) continue;
		const which = { module, ...(alias !== undefined && { alias: normaliseAlias(alias) ?? alias }) };
		const why = { source, ...(needed !== module && { needs: needed }) };
		return { ...which, how: "masked", ...why, parameters: "", required, after: [], cause };
	}
	return undefined;
}

/** To kmod, a module by its name and the same one by an alias are two. */
function keyOf({ module, alias }: Pick<Wanted, "module" | "alias">): string {
	return `${module} ${alias === undefined ? "" : normaliseAlias(alias)}`;
}

const withSoftdeps =
	(gathering: Gathering, wanted: Wanted, required: boolean): Task =>
	() => {
		const { knowledge } = gathering;
		const lines = softdepsOf(gathering, wanted);
		const pre = lines.flatMap((line) => findSoftdeps(knowledge, line, wanted.module, "pre"));
		const post = lines.flatMap((line) => findSoftdeps(knowledge, line, wanted.module, "post"));
		const itself: Task = () => {
			addStep(gathering, wanted, required, pre, pre.length + post.length > 0);
			return [];
		};
		const soft = (one: Wanted) => gather(gathering, one, false);
		return [...pre.map(soft), itself, ...post.map(soft)];
	};

function findSoftdeps(knowledge: Knowledge, line: SoftdepLine, of: string, when: "pre" | "post"): Wanted[] {
	const cause: Cause = { kind: "softdep", of, when, source: line.source };
	return line[when].flatMap((alias) =>
		lookUp(knowledge, alias).map((found) => ({ module: found.module, ...(byAlias(found) && { alias }), cause })),
	);
}

type Circumstances = Pick<Step, "required" | "after"> & { readonly ignoreCommand: boolean; readonly softdeps: boolean };

function makeStep(
	knowledge: Knowledge,
	{ module, alias, cause }: Wanted,
	{ required, after, ignoreCommand, softdeps }: Circumstances,
): Step {
	const file = knowledge.file(module);
	const command = ignoreCommand ? undefined : knowledge.installCommand(module);
	const unheeded = softdeps && !knowledge.honourEveryLine;
	const shared = {
		module,
		...(alias !== undefined && { alias: normaliseAlias(alias) ?? alias }),
		parameters: knowledge.options(module, alias),
		required,
		after,
		cause,
		...(command !== undefined && unheeded && { commandIgnored: command.source }),
	};
	if (command !== undefined && !unheeded)
		return { ...shared, how: "run", command: command.command, source: command.source };
	if (file !== undefined) return { ...shared, how: "insert", path: moduleFileIn(knowledge, file.path) };
	return { ...shared, how: knowledge.isBuiltin(module) ? "builtin" : "missing" };
}
