// Undoes a probe, as `modprobe -r` does. The order is: post softdeps, on demand the modules that need this one, the module
// itself, dependencies that are no longer used, pre softdeps.
//
// Reference counts change with every removal, so there is no plan made beforehand: the kernel is asked at each step. Acts: the
// kernel, and a timer while a module is in use.

import type { CommandLine, Source } from "../formats/modprobe-config.js";
import { commandsBy, fillIn } from "../insertion/answer.js";
import { Refusal, type RemoveFlags } from "../kernel/kernel.js";
import { readHolders, readInitstate, readReferences } from "../knowledge/live-state.js";
import { formatErrno } from "../text/error-text.js";
import type { Context } from "./context.js";
import { CommandFailure, Unremovable } from "./failures.js";
import type { Module } from "./module.js";
import { findModules } from "./modules.js";

export type RemovalStep = { readonly module: string } & (
	| { readonly how: "remove" }
	| { readonly how: "run"; readonly command: string; readonly source: Source }
);

export type UnprobeOptions = RemoveFlags & {
	/** Whether to remove and run nothing. */
	readonly dryRun?: boolean;
	/** Ignores the module's `remove` command and its softdeps. */
	readonly ignoreCommand?: boolean;
	/** Whether to skip the check that the module is loaded and not in use. */
	readonly ignoreLoaded?: boolean;
	/** Whether to remove the modules that need this one first. */
	readonly holders?: boolean;
	/** Whether a module that is not loaded is an error. */
	readonly failOnAbsent?: boolean;
	/** Milliseconds to wait for a module in use. */
	readonly wait?: number;
	/** Called before each step, also in a dry run. */
	readonly onStep?: (step: RemovalStep) => void;
	/**
	 * Called when a module is not removed, with the reason. An error thrown here ends the whole removal. Otherwise the reason
	 * is an error only when it prevents what was asked for.
	 */
	readonly onUnremovable?: (reason: Unremovable | CommandFailure) => void;
	/** Runs `remove` commands in place of /bin/sh. Resolves with the exit status. */
	readonly runCommand?: (command: string, module: string) => Promise<number>;
};

/**
 * Removes a module as `modprobe -r` does.
 * @throws {Refusal} @throws {Unremovable} @throws {CommandFailure} @throws {MalformedIndex}
 */
export function unprobeModule(context: Context, module: Module, options: UnprobeOptions): Promise<void> {
	return unprobe({ ...context, underway: [] }, module.name, options);
}

/**
 * `underway` lists the modules whose removal has begun, so that cycles of softdeps end. The first is the one that was asked
 * for.
 */
type Removing = Context & { readonly underway: readonly string[] };

async function unprobe({ underway, ...around }: Removing, name: string, options: UnprobeOptions): Promise<void> {
	if (underway.includes(name)) return;
	const context: Removing = { ...around, underway: [...underway, name] };
	const knowledge = context.knowledge();
	const command = options.ignoreCommand ? undefined : knowledge.removeCommand(name);
	const softdeps = options.ignoreCommand ? [] : knowledge.softdeps(name);
	const find = (when: "pre" | "post") =>
		softdeps.flatMap((line) => line[when]).flatMap((alias) => findModules(knowledge, alias));
	if (command === undefined && !options.ignoreLoaded && !isRemovable(context, name, options)) return;

	for (const softdep of find("post").reverse()) await tryUnprobe(context, softdep, options);
	if (options.holders) await unprobeHolders(context, name, options);
	if (command !== undefined) await runCommand(context, name, command, options);
	else {
		if (!hasGone(context, name, options)) await removeUnused(context, name, options);
		for (const dependency of knowledge.file(name)?.dependencies ?? [])
			if (references(context, dependency) === 0) await passOver(() => removeOne(context, dependency, options));
	}
	for (const softdep of find("pre").reverse()) await tryUnprobe(context, softdep, options);
}

function isRemovable(context: Removing, name: string, options: UnprobeOptions): boolean {
	if (context.knowledge().isBuiltin(name)) {
		if (context.underway.length > 1) return false;
		throw tell(new Unremovable(name, "builtin"), options);
	}
	if (readInitstate(context.machine, context.sysfs, name) !== undefined) return true;
	if (options.failOnAbsent) throw tell(new Unremovable(name, "not in kernel"), options);
	return false;
}

/** Whether the module was removed together with its holders, as a dependency that is no longer used. */
function hasGone({ machine, sysfs }: Context, name: string, { holders, ignoreLoaded }: UnprobeOptions): boolean {
	return holders === true && !ignoreLoaded && readInitstate(machine, sysfs, name) === undefined;
}

function tell<Reason extends Unremovable | CommandFailure>(reason: Reason, { onUnremovable }: UnprobeOptions): Reason {
	onUnremovable?.(reason);
	return reason;
}

/** Removes a softdep. Its failure is ignored. */
async function tryUnprobe(context: Removing, module: Module, options: UnprobeOptions): Promise<void> {
	await passOver(() => unprobe(context, module.name, { ...options, holders: false }));
}

async function unprobeHolders(context: Removing, name: string, options: UnprobeOptions): Promise<void> {
	for (const holder of readHolders(context.machine, context.sysfs, name))
		await unprobe(context, holder, { ...options, holders: false });
}

/** Ignores refusals of the machine and failed commands. Rethrows every other error. */
async function passOver(act: () => Promise<void>): Promise<void> {
	try {
		await act();
	} catch (error) {
		if (!(error instanceof Refusal || error instanceof Unremovable || error instanceof CommandFailure)) throw error;
	}
}

async function removeUnused(context: Context, name: string, options: UnprobeOptions): Promise<void> {
	const uses = references(context, name) ?? 0;
	if (uses > 0 && !options.wait && !options.ignoreLoaded) throw tell(new Unremovable(name, "in use"), options);
	await removeOne(context, name, options);
}

function references({ machine, sysfs }: Context, name: string): number | undefined {
	return readReferences(machine, sysfs, name);
}

async function removeOne(context: Context, name: string, options: UnprobeOptions): Promise<void> {
	options.onStep?.({ module: name, how: "remove" });
	if (!options.dryRun) await removeModule(context, name, options);
}

/**
 * Removes a module with delete_module(2). Retries a module in use with exponential back-off, after 1, 2, 4 milliseconds and so
 * on, for `wait` milliseconds in all.
 * @throws {Refusal}
 */
export async function removeModule(
	{ machine, log }: Pick<Context, "machine" | "log">,
	name: string,
	{ force = false, wait = 0, quiet = false }: RemoveFlags & { readonly wait?: number; readonly quiet?: boolean },
): Promise<void> {
	for (let pause = 1, left = wait; ; left -= pause, pause *= 2) {
		try {
			return await machine.remove(name, { force });
		} catch (error) {
			if (!(error instanceof Refusal)) throw error;
			if (error.code !== "EAGAIN" || left <= 0) {
				if (!quiet) log({ level: "error", message: `could not remove '${name}': ${formatErrno(error)}` });
				throw error;
			}
			pause = Math.min(pause, left);
			await new Promise((resolve) => setTimeout(resolve, pause));
		}
	}
}

async function runCommand(
	context: Context,
	name: string,
	{ command, source }: CommandLine,
	options: UnprobeOptions,
): Promise<void> {
	const line = fillIn(command, "");
	options.onStep?.({ module: name, how: "run", command: line, source });
	if (options.dryRun) return;
	const run = options.runCommand ?? commandsBy(context.machine);
	const exitStatus = await run(line, name);
	if (exitStatus === 0) return;
	throw tell(new CommandFailure("remove", name, line, exitStatus), options);
}
