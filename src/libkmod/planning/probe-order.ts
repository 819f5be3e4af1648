// What one module brings with it, in libkmod's order: of each hard dependency, deepest first, its softdeps before it, itself, its
// softdeps behind it; then the same for the module itself. Softdeps bring their own dependencies and softdeps; what is gathered
// already, by the same name or alias, is not gathered again, which ends loops. Pure.
import type { SoftdepLine } from "../formats/modprobe-config.js";
import { moduleFileIn } from "../kernel/other-root.js";
import type { Knowledge } from "../knowledge/knowledge.js";
import { lookUp } from "../knowledge/lookup.js";
import { normaliseAlias } from "../text/module-name.js";
import type { Prerequisite } from "./rivals.js";
import { byAlias, type Cause, type Step, type Wanted } from "./step.js";

export type PlanOptions = {
	/** modprobe -i: the wanted modules' own `install` commands count for nothing, and as in kmod neither do their softdeps. */
	readonly ignoreCommands?: boolean;
};

/** One module's list as libkmod walks it and `modprobe -D` prints it, repeats included. @throws {MalformedIndex} */
export function listProbe(knowledge: Knowledge, wanted: Wanted, options: PlanOptions = {}): readonly Step[] {
	return listSteps(knowledge, wanted, options, new Map());
}

/** The same without what is planned already. @throws {MalformedIndex} */
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

/** What is needed in one place is so in every other, where only softdeps ask for it. */
function withRequirements(steps: readonly Step[]): readonly Step[] {
	const required = new Set(steps.filter((step) => step.required).map(keyOf));
	return steps.map((step) => (!step.required && required.has(keyOf(step)) ? { ...step, required: true } : step));
}

export const dependenciesOf = (knowledge: Knowledge, { module }: Wanted): readonly string[] =>
	knowledge.file(module)?.dependencies ?? [];

/** By module, what an earlier one brought into the plan: its dependencies and softdeps are there too. */
export type Planned = ReadonlyMap<string, Step>;

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
