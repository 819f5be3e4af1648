// libkmod for a machine: look up modules, read their state in the kernel, insert and remove them.
//
// Functions that only read are synchronous. Functions that may sleep in a driver or decompress a file return promises. One Kmod
// may serve many requests at once: a module that two probes want is inserted once. A probe also joins an inserter over the same
// machine (insertion/flights.ts).

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
	 * Another machine's root: modules are read from ROOT/lib/modules, the configuration from ROOT/etc/modprobe.d and the other
	 * four directories, the kernel command line from ROOT/proc. Symbolic links resolve as on that machine. "/" or undefined
	 * means this machine. "" and a path that is no directory are refused.
	 */
	readonly root?: string;
	/** The kernel release. Default: the running kernel's. `modprobe -S`. */
	readonly release?: string;
	/** Default: ROOT/lib/modules/RELEASE. */
	readonly moduleDirectory?: string;
	/** Files of any name, and directories, that replace the five modprobe.d directories: `modprobe -C`. */
	readonly configPaths?: readonly string[];
	/**
	 * Whether two kinds of modprobe.d lines that kmod ignores count: a module's second and later softdep lines, and the
	 * `install` command of a module that has softdeps.
	 */
	readonly honourEveryLine?: boolean;
	/** Receives the lines that libkmod would write to its log: the actions that were not done, and why. */
	readonly log?: (entry: LogEntry) => void;
	/**
	 * Returns the absolute path to which relative paths are resolved, as kmod does. When undefined, relative paths stay as they
	 * are.
	 */
	readonly workingDirectory?: () => string;
	/**
	 * Mount points of sysfs and procfs. Default: ROOT/sys and ROOT/proc. With another root, /sys and /proc give the modules
	 * loaded on this machine.
	 */
	readonly sysfs?: string;
	readonly proc?: string;
};

export type Kmod = Resources &
	Modules &
	LiveState &
	Contents &
	Actions & {
		/** The knowledge before any module is loaded, which planInsertion takes. */
		knowledge(): Knowledge;
	};

export type Actions = {
	/**
	 * Loads a module, or the modules that a name or alias leads to, after their prerequisites. Resolves when all are live. The
	 * list of steps is empty when the module was live already.
	 * @throws {NoSuchModule} @throws {Refusal} @throws {CommandFailure} @throws {NoModuleFile} @throws {MalformedIndex}
	 * @throws {MissingIndexes} when nothing is found, as \`lookUp\` does
	 */
	probe(wanted: ModuleOrName, options?: ProbeOptions): Promise<Probed>;
	/**
	 * Removes a module, or the modules that a name or alias leads to, as `modprobe -r` does: also their softdeps, and
	 * dependencies that are no longer used.
	 * @throws {NoSuchModule} @throws {Refusal} @throws {Unremovable} @throws {CommandFailure} @throws {MalformedIndex}
	 * @throws {MissingIndexes} when nothing is found, as \`lookUp\` does
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

/**
 * Opens a Kmod. A part of the configuration that cannot be read is a problem (see `problems`), not an error.
 * @throws {Refusal} when the root is no directory that can be listed
 */
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

/**
 * Checks the root. An empty string is most likely an unset variable of the caller. A root that does not exist must not pass for
 * an empty one.
 * @throws {Refusal}
 */
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

/**
 * Inserts one module without its dependencies.
 * @throws {Refusal} @throws {AlreadyLoaded} when another caller was inserting the module already
 */
async function insertFile({ machine, flights, ...teller }: Context, file: Act, flags: InsertFlags): Promise<void> {
	const insert = (path: string, parameters: string) => machine.insert(path, parameters, flags);
	const flight = flights.begin(file.module, () => actOn(file, { insert, run: commandsBy(machine) }));
	const answer = await flight.answer;
	// The kernel's own refusal reaches the caller unchanged: EEXIST is a Refusal.
	const failure = "reason" in answer ? answer.reason : failureOf(teller, file.module, answer, flight);
	if (failure !== undefined) throw failure;
}
