// libkmod for a machine: what is known of its modules, what the kernel says of them, and inserting and removing them.
//
// Everything that only reads is synchronous; what a driver may sleep in, or what takes time to unpack, is a promise. One
// Kmod may be asked many things at once: a module that two probes want is inserted once, and so is one that an inserter over the
// same machine wants, too (insertion/flights.ts).

import { type Act, actOn, commandsBy } from "../insertion/answer.js";
import { flightsOf } from "../insertion/flights.js";
import {
	type Files,
	type InsertFlags,
	type Kernel,
	type ModuleFiles,
	Refusal,
	type RemoveFlags,
} from "../kernel/kernel.js";
import { trimRoot } from "../kernel/other-root.js";
import { isThere } from "../kernel/presence.js";
import { modprobeDirectories, readConfiguration } from "../knowledge/configuration.js";
import { whyNoDirectory } from "../knowledge/configuration-files.js";
import { needIndexes } from "../knowledge/indexes.js";
import type { Knowledge } from "../knowledge/knowledge.js";
import { absolutePath } from "../text/absolute-path.js";
import { failureOf, noFile } from "./answered-failures.js";
import { type Contents, makeContents } from "./contents.js";
import type { Context, LogEntry } from "./context.js";
import { NoSuchModule } from "./failures.js";
import { type LiveState, makeLiveState } from "./live.js";
import { asModule, type Module, type ModuleOrName } from "./module.js";
import { findModules, indexesFor, type Modules, makeModules, pathOf } from "./modules.js";
import { type Probed, type ProbeOptions, probeModule } from "./probe.js";
import { openResources, type Resources } from "./resources.js";
import { removeModule, type UnprobeOptions, unprobeModule } from "./unprobe.js";

export type KmodOptions = {
	/**
	 * Another machine's root: its modules are those in ROOT/lib/modules, its configuration is ROOT/etc/modprobe.d and the other four,
	 * and its kernel's command line what ROOT/proc has. Links lead where they lead on that machine. This machine, where "/" or absent;
	 * "", and what is no directory, are refused.
	 */
	readonly root?: string;
	/** In place of the running kernel's: `modprobe -S`. */
	readonly release?: string;
	/** In place of ROOT/lib/modules/RELEASE. */
	readonly moduleDirectory?: string;
	/** Files of any name, and directories, in place of the five modprobe.d directories: `modprobe -C`. */
	readonly configPaths?: readonly string[];
	/** Two lines of modprobe.d that kmod leaves unheeded count: a module's later softdeps, and its `install` beside softdeps. */
	readonly honourEveryLine?: boolean;
	/** Told what libkmod would write to its log: what was not done and why. */
	readonly log?: (entry: LogEntry) => void;
	/** The absolute path from which on relative ones are named, as kmod does; without it they stay as they are. */
	readonly workingDirectory?: () => string;
	/** Where sysfs and procfs are mounted, in place of ROOT/sys and ROOT/proc: of another root, /sys and /proc say what is loaded here. */
	readonly sysfs?: string;
	readonly proc?: string;
};

export type Kmod = Resources &
	Modules &
	LiveState &
	Contents &
	Actions & {
		/** All that is known before anything is loaded: what planInsertion takes. */
		knowledge(): Knowledge;
	};

export type Actions = {
	/**
	 * Loads what a name or alias asks for, or a module, with all that needs to come before it. Resolves once everything is
	 * live, and with an empty list of steps where it was already.
	 * @throws {NoSuchModule} @throws {Refusal} @throws {CommandFailure} @throws {NoModuleFile} @throws {MalformedIndex}
	 * @throws {MissingIndexes} where nothing is found, as \`lookUp\` does
	 */
	probe(wanted: ModuleOrName, options?: ProbeOptions): Promise<Probed>;
	/**
	 * Removes what a name or alias asks for as `modprobe -r` does: softdeps, and dependencies that nobody needs any more, too.
	 * @throws {NoSuchModule} @throws {Refusal} @throws {Unremovable} @throws {CommandFailure} @throws {MalformedIndex}
	 * @throws {MissingIndexes} where nothing is found, as \`lookUp\` does
	 */
	unprobe(unwanted: ModuleOrName, options?: UnprobeOptions): Promise<void>;
	/**
	 * Inserts one module with these parameters alone, without its dependencies.
	 * @throws {Refusal} @throws {AlreadyLoaded} @throws {NoModuleFile} @throws {MissingIndexes}
	 */
	insert(module: ModuleOrName, options?: InsertFlags & { readonly parameters?: string }): Promise<void>;
	/** Removes one module; `quiet` keeps a refusal out of the log. @throws {Refusal} */
	remove(module: ModuleOrName, options?: RemoveFlags & { readonly quiet?: boolean }): Promise<void>;
};

/** What cannot be read of the configuration is a problem of it, and no error. @throws {Refusal} where the root is no directory that can be listed */
export function openKmod(machine: Kernel & ModuleFiles, options: KmodOptions = {}): Kmod {
	const { workingDirectory } = options;
	const absolute = (path: string): string => (workingDirectory ? absolutePath(path, workingDirectory) : path);
	const root = absolute(trimRoot(options.root ?? ""));
	if (options.root !== undefined) needRoot(machine, options.root === "" ? "" : root || "/");
	const { release = machine.release, sysfs = `${root}/sys`, proc = `${root}/proc`, configPaths } = options;
	const directories = modprobeDirectories.map((directory) => root + directory);
	const moduleDirectory = absolute(options.moduleDirectory ?? `${root}/lib/modules/${release}`);
	const configuration = readConfiguration(machine, {
		moduleDirectory,
		directories,
		...(configPaths !== undefined && { configPaths }),
		commandLineFile: `${proc}/cmdline`,
	});
	const ofModules = ["modules.softdep", "modules.weakdep"].map((name) => `${moduleDirectory}/${name}`);
	const resources = openResources(machine, {
		moduleDirectory,
		configuration,
		places: [...new Set([...(configPaths ?? directories), ...configuration.read, ...ofModules])],
		honourEveryLine: options.honourEveryLine ?? false,
		root,
	});
	const log = options.log ?? (() => undefined);
	const { knowledge } = resources;
	const context: Context = { machine, moduleDirectory, sysfs, proc, knowledge, log, flights: flightsOf(machine) };
	return {
		...resources,
		...makeModules(context, absolute),
		...makeLiveState(context),
		...makeContents(context),
		...makeActions(context),
	};
}

/** A name that is empty is a caller's variable that is not set, and a root that is gone is no empty one. @throws {Refusal} */
function needRoot(files: Files, root: string): void {
	if (root === "")
		throw new Refusal({
			operation: "list",
			subject: root,
			code: "ENOENT",
			reason: "root names no directory: it is empty",
		});
	if (root === "/" || files.list(root) !== undefined) return;
	throw new Refusal({
		operation: "list",
		subject: root,
		code: isThere(files, root) ? "ENOTDIR" : "ENOENT",
		reason: whyNoDirectory(files, root),
	});
}

function makeActions(context: Context): Actions {
	const find = (wanted: ModuleOrName): readonly Module[] => {
		if (typeof wanted !== "string") return [wanted];
		const found = findModules(context.knowledge(), wanted);
		if (found.length > 0) return found;
		needIndexes(context.knowledge().indexes, ...indexesFor(wanted));
		throw new NoSuchModule(wanted, context.moduleDirectory);
	};
	return {
		async probe(wanted, options = {}) {
			const all: Probed[] = [];
			for (const module of find(wanted)) all.push(await probeModule(context, module, options));
			return {
				steps: all.flatMap(({ steps }) => steps),
				ignored: all.flatMap(({ ignored }) => ignored),
				blacklisted: all.flatMap(({ blacklisted }) => blacklisted),
			};
		},
		async unprobe(unwanted, options = {}) {
			for (const module of find(unwanted)) await unprobeModule(context, module, options);
		},
		async insert(given, { parameters = "", ...flags } = {}) {
			const module = asModule(given);
			const path = pathOf(context.knowledge(), module);
			if (path === undefined) {
				needIndexes(context.knowledge().indexes, "dependencies");
				throw noFile(context, module.name);
			}
			await insertFile(context, { module: module.name, how: "insert", path, parameters }, flags);
		},
		remove: async (module, options = {}) => removeModule(context, asModule(module).name, options),
	};
}

/** Without a look at what the module needs. @throws {Refusal} @throws {AlreadyLoaded} where others were inserting it already */
async function insertFile({ machine, flights, ...teller }: Context, file: Act, flags: InsertFlags): Promise<void> {
	const insert = (path: string, parameters: string) => machine.insert(path, parameters, flags);
	const flight = flights.begin(file.module, () => actOn(file, { insert, run: commandsBy(machine) }));
	const answer = await flight.answer;
	// What the kernel itself says, it says to the caller in its own words: EEXIST is a Refusal.
	const failure = "reason" in answer ? answer.reason : failureOf(teller, file.module, answer, flight);
	if (failure !== undefined) throw failure;
}
