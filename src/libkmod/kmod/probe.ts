// Probing a module: what it needs and then itself, one after the other, in the order and with the answers of libkmod's
// kmod_module_probe_insert_module. Many modules at once are the inserter's work (insertion/inserter.ts), on the same plans, by the
// same table of flights and the same action on a step.
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
 * What the blacklist keeps out: the module asked for where an alias led to it, as in modprobe; that module in any case; or
 * that module and everything it would bring along.
 */
export type Blacklisting = "alias only" | "module" | "all";

export type ProbeOptions = InsertFlags & {
	/** For the module itself, behind those of the configuration. */
	readonly parameters?: string;
	/** Nothing is inserted and nothing run. */
	readonly dryRun?: boolean;
	/** The module's own `install` command counts for nothing, and as in kmod neither do its softdeps. */
	readonly ignoreCommand?: boolean;
	/** Do not ask whether a module is there already. */
	readonly ignoreLoaded?: boolean;
	/** Reject with AlreadyLoaded where the module itself is there already. */
	readonly failOnLoaded?: boolean;
	readonly blacklist?: Blacklisting;
	/** Told of each step that is about to be taken, or would be; not of modules that are there already. */
	readonly onStep?: (step: Step) => void;
	/** Runs `install` commands in place of /bin/sh, and resolves with the exit status. */
	readonly runCommand?: (command: string, module: string) => Promise<number>;
};

/** A line of the blacklist that kept a module out. */
export type Blacklisted = { readonly module: string; readonly source: Source; readonly by: Blacklisting };

export type Probed = {
	/** The steps taken, or with `dryRun` those that would be, their parameters complete. */
	readonly steps: readonly Step[];
	/** Failures that count for nothing, since only softdeps asked for the module. */
	readonly ignored: readonly { readonly step: Step; readonly reason: Error }[];
	readonly blacklisted: readonly Blacklisted[];
};

const NOTHING: Probed = { steps: [], ignored: [], blacklisted: [] };

/** @throws {Refusal} @throws {AlreadyLoaded} @throws {CommandFailure} @throws {NoModuleFile} @throws {MalformedIndex} */
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

/** The module that was asked for, not the same one by an alias. */
function isFor(step: Step, module: Module): boolean {
	return step.module === module.name && step.alias === module.alias;
}

/** A blank joins them even where there are none to join: what the kernel and the printed line get is what kmod gives. */
function withParameters(step: Step, more: string): Step {
	return { ...step, parameters: step.parameters === "" ? more : `${step.parameters} ${more}` };
}

/** A module asked for by its file comes from that file, whatever modules.dep has. */
function withPath(step: Step, { path }: Module): Step {
	return path === undefined || step.how === "run" ? step : { ...step, how: "insert", path };
}

function warnOfUnheeded({ knowledge, log }: Context, module: string): void {
	for (const { file, line, message } of unheededLines(knowledge(), module))
		log({ level: "warning", message: `${file} line ${line}: ${message}` });
}

/** Why it failed, if it did. */
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
