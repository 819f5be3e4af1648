// The modules that one module brings with it, in libkmod's order. For each hard dependency, deepest first: its pre softdeps,
// the dependency itself, its post softdeps. Then the same for the module. Softdeps bring their own dependencies and softdeps. A
// module that is gathered already, by the same name or alias, is not gathered again, which ends cycles. Pure.
import type { SoftdepLine } from "../formats/modprobe-config.js";
import { moduleFileIn } from "../kernel/other-root.js";
import type { Knowledge } from "../knowledge/knowledge.js";
import { lookUp } from "../knowledge/lookup.js";
import { normaliseAlias } from "../text/module-name.js";
import type { Prerequisite } from "./rivals.js";
import { byAlias, type Cause, type Step, type Wanted } from "./step.js";

export type PlanOptions = {
	/** modprobe -i: ignores the wanted modules' own `install` commands and, as kmod does, their softdeps. */
	readonly ignoreCommands?: boolean;
};

/** One module's list as libkmod walks it and `modprobe -D` prints it, repeats included. @throws {MalformedIndex} */
export function listProbe(knowledge: Knowledge, wanted: Wanted, options: PlanOptions = {}): readonly Step[] {
	return listSteps(knowledge, wanted, options, new Map());
}

/** The same list without the modules that are planned already. @throws {MalformedIndex} */
export function listSteps(
	knowledge: Knowledge,
	wanted: Wanted,
	options: PlanOptions,
	planned: Planned,
): readonly Step[] {
	const steps: Step[] = [];
	const ignoring = options.ignoreCommands ? wanted : undefined;
	carryOut(gather({ knowledge, ignoring, gathered: new Set(), planned, steps }, wanted, true));
	return withRequirements(steps);
}

/** A module that is required at one place of the list is required at every place, even where only a softdep asks for it. */
function withRequirements(steps: readonly Step[]): readonly Step[] {
	const required = new Set(steps.filter((step) => step.required).map(keyOf));
	return steps.map((step) => (!step.required && required.has(keyOf(step)) ? { ...step, required: true } : step));
}

export const dependenciesOf = (knowledge: Knowledge, { module }: Wanted): readonly string[] =>
	knowledge.file(module)?.dependencies ?? [];

/** By module: the steps of the plan so far. The dependencies and softdeps of each module are in the plan too. */
export type Planned = ReadonlyMap<string, Step>;

type Gathering = {
	readonly knowledge: Knowledge;
	/**
	 * The module whose own `install` command and softdeps are ignored: the command wherever the module occurs, the softdeps
	 * only where the module itself is wanted.
	 */
	readonly ignoring: Wanted | undefined;
	readonly gathered: Set<string>;
	readonly planned: Planned;
	readonly steps: Step[];
};

/**
 * One unit of the gathering. Returns the tasks to be done next, in their order. Tasks replace recursion, since a chain of
 * softdeps may be deeper than the call stack.
 */
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
		// Most modules have no softdeps: they are added at once and leave no tasks.
		const first = all.findIndex((one) => !addAlone(gathering, one, required));
		return first < 0 ? [] : all.slice(first).map((one) => withSoftdeps(gathering, one, required));
	};

/** Whether the plan holds the module already, and as required if it is required here. */
function isPlanned(planned: Planned, module: string, required: boolean): boolean {
	const step = planned.get(module);
	return step !== undefined && (step.required || !required);
}

const softdepsOf = ({ knowledge, ignoring }: Gathering, wanted: Wanted): readonly SoftdepLine[] =>
	wanted === ignoring ? [] : knowledge.softdeps(wanted.module);

/** Adds a module that has no softdeps. Returns false, without adding, for a module that has softdeps. */
function addAlone(gathering: Gathering, wanted: Wanted, required: boolean): boolean {
	if (softdepsOf(gathering, wanted).length > 0) return false;
	addStep(gathering, wanted, required, []);
	return true;
}

/** @param pre the softdeps that go before the module @param softdeps whether the module has any softdeps, pre or post */
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

/**
 * The step that stands for a module that is masked or needs a masked module. None of the module's dependencies is loaded.
 * Undefined when nothing is masked.
 */
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

/** kmod tells a module asked for by name apart from the same module asked for by an alias. */
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
