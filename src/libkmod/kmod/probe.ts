// Probes a module: inserts its prerequisites and then the module, one after the other, in the order and with the errors of
// libkmod's kmod_module_probe_insert_module. The inserter (insertion/inserter.ts) loads many modules at once. Both use the same
// plans, the same table of flights and the same action on a step.
import type { Source } from "../formats/modprobe-config.js";
import { actOn, commandsBy, type Means } from "../insertion/answer.js";
import type { InsertFlags } from "../kernel/kernel.js";
import type { Knowledge } from "../knowledge/knowledge.js";
import { unheededLines } from "../knowledge/unheeded-lines.js";
import { listProbe } from "../planning/probe-order.js";
import type { Step } from "../planning/step.js";
import { failureOf } from "./answered-failures.js";
import type { Context } from "./context.js";
import { AlreadyLoaded } from "./failures.js";
import { isInKernel } from "./live.js";
import type { Module } from "./module.js";

/**
 * The scope of the blacklist. "alias only": the module asked for, when an alias led to it, as in modprobe. "module": that
 * module however it was asked for. "all": that module and every module it would bring along.
 */
export type Blacklisting = "alias only" | "module" | "all";

export type ProbeOptions = InsertFlags & {
	/** Parameters for the module itself, appended to those of the configuration. */
	readonly parameters?: string;
	/** Whether to insert and run nothing. */
	readonly dryRun?: boolean;
	/** Ignores the module's own `install` command and, as kmod does, its softdeps. */
	readonly ignoreCommand?: boolean;
	/** Whether to skip the check for modules that are live already. */
	readonly ignoreLoaded?: boolean;
	/** Whether to reject with AlreadyLoaded when the module itself is live already. */
	readonly failOnLoaded?: boolean;
	readonly blacklist?: Blacklisting;
	/** Called before each step, also in a dry run. Not called for modules that are live already. */
	readonly onStep?: (step: Step) => void;
	/** Runs `install` commands in place of /bin/sh. Resolves with the exit status. */
	readonly runCommand?: (command: string, module: string) => Promise<number>;
};

/** A line of the blacklist that kept a module out. */
export type Blacklisted = { readonly module: string; readonly source: Source; readonly by: Blacklisting };

export type Probed = {
	/** The steps taken, or with `dryRun` the steps that would be taken, with their complete parameters. */
	readonly steps: readonly Step[];
	/** Failures that are ignored, since only softdeps asked for the module. */
	readonly ignored: readonly { readonly step: Step; readonly reason: Error }[];
	readonly blacklisted: readonly Blacklisted[];
};

const NOTHING: Probed = { steps: [], ignored: [], blacklisted: [] };

/**
 * Loads a module after its prerequisites.
 * @throws {Refusal} @throws {AlreadyLoaded} @throws {CommandFailure} @throws {NoModuleFile} @throws {MalformedIndex}
 */
export async function probeModule(context: Context, module: Module, options: ProbeOptions): Promise<Probed> {
	const isThere = (name: string): boolean => !options.ignoreLoaded && isInKernel(context, name);
	if (isThere(module.name)) {
		if (options.failOnLoaded) throw new AlreadyLoaded(module.name);
		return NOTHING;
	}
	const { blacklisted, list } = listSteps(context.knowledge(), module, options);
	const steps: Step[] = [];
	const ignored: { step: Step; reason: Error }[] = [];
	for (const step of list) {
		if (isThere(step.module)) {
			if (options.failOnLoaded && isFor(step, module)) throw new AlreadyLoaded(module.name);
			continue;
		}
		warnOfUnheeded(context, step.module);
		options.onStep?.(step);
		steps.push(step);
		if (options.dryRun) continue;
		const reason = await takeStep(context, step, options);
		if (reason === undefined) continue;
		if (reason instanceof AlreadyLoaded) {
			if (options.failOnLoaded && isFor(step, module)) throw reason;
		} else if (step.required) throw reason;
		else ignored.push({ step, reason });
	}
	return { steps, ignored, blacklisted };
}

function listSteps(
	knowledge: Knowledge,
	module: Module,
	options: ProbeOptions,
): { readonly list: readonly Step[]; readonly blacklisted: readonly Blacklisted[] } {
	const { blacklist, ignoreCommand = false, parameters = "" } = options;
	const asked = blacklist === "alias only" && module.alias === undefined ? undefined : blacklist;
	const find = (name: string): Blacklisted[] => {
		const source = asked && knowledge.blacklisted(name);
		return source ? [{ module: name, source, by: asked }] : [];
	};
	const own = find(module.name);
	if (own.length > 0) return { list: [], blacklisted: own };
	const { name, alias } = module;
	const wanted = { module: name, ...(alias !== undefined && { alias }), cause: { kind: "name" } } as const;
	const all = listProbe(knowledge, wanted, { ignoreCommands: ignoreCommand }).map((step) =>
		isFor(step, module) ? withPath(withParameters(step, parameters), module) : withParameters(step, ""),
	);
	if (asked !== "all") return { list: all, blacklisted: [] };
	return {
		list: all.filter((step) => find(step.module).length === 0),
		blacklisted: [...new Set(all.map((step) => step.module))].flatMap(find),
	};
}

/** Whether the step is for the module that was asked for, not for the same module by another alias. */
function isFor(step: Step, module: Module): boolean {
	return step.module === module.name && step.alias === module.alias;
}

/**
 * Joins parameters with a blank even when there are none to append: the kernel and the printed line get exactly what kmod
 * gives.
 */
function withParameters(step: Step, more: string): Step {
	return { ...step, parameters: step.parameters === "" ? more : `${step.parameters} ${more}` };
}

/** A module that was asked for by its file is loaded from that file, whatever modules.dep has. */
function withPath(step: Step, { path }: Module): Step {
	return path === undefined || step.how === "run" ? step : { ...step, how: "insert", path };
}

function warnOfUnheeded({ knowledge, log }: Context, module: string): void {
	for (const { file, line, message } of unheededLines(knowledge(), module))
		log({ level: "warning", message: `${file} line ${line}: ${message}` });
}

/** Carries out a step. Resolves with the error, or with undefined on success. */
async function takeStep(context: Context, step: Step, options: ProbeOptions): Promise<Error | undefined> {
	const flight = context.flights.begin(step.module, () => actOn(step, meansOf(context, options)));
	return failureOf(context, step.module, await flight.answer, flight);
}

function meansOf({ machine }: Context, options: ProbeOptions): Means {
	const { forceVermagic = false, forceModversion = false, runCommand = commandsBy(machine) } = options;
	return {
		insert: (path, parameters) => machine.insert(path, parameters, { forceVermagic, forceModversion }),
		run: runCommand,
	};
}
