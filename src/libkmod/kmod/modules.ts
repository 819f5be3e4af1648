// Looks up modules, and their data in the indexes and the configuration.
import type { Source } from "../formats/modprobe-config.js";
import { type Files, Refusal } from "../kernel/kernel.js";
import { moduleFileIn } from "../kernel/other-root.js";
import { type IndexKind, needIndexes } from "../knowledge/indexes.js";
import type { Knowledge } from "../knowledge/knowledge.js";
import { readLoadedModules } from "../knowledge/live-state.js";
import { lookUp, lookUpName } from "../knowledge/lookup.js";
import { normaliseModuleName } from "../text/module-name.js";
import type { Context } from "./context.js";
import { asModule, foundModule, type Module, type ModuleOrName } from "./module.js";

export type Modules = {
	/** The module of that name, in any spelling, whether it exists or not. */
	module(name: string): Module;
	/** The module in a file. Undefined when the file does not exist. @throws {Refusal} when the path cannot be followed */
	moduleAt(path: string): Module | undefined;
	/**
	 * Modules for a name or alias, by modprobe's rules. The places searched are, in order: `alias` lines, modules, symbols,
	 * commands, aliases, built-in modules. Repeats are kept. When `load` would refuse some indexes, the readable ones are still
	 * searched, as in libkmod.
	 * Throws when nothing is found and modules.dep.bin, modules.alias.bin or, for `symbol:`, modules.symbols.bin is unusable:
	 * @throws {MissingIndexes} @throws {MalformedIndex} @throws {Refusal}
	 */
	lookUp(nameOrAlias: string): Module[];
	/**
	 * The module or built-in module of that name, without aliases or configuration.
	 * @throws {MissingIndexes} @throws {MalformedIndex} @throws {Refusal}
	 */
	lookUpName(name: string): Module | undefined;
	/** The loaded modules, the one inserted last first. @throws {Refusal} ENOENT when the kernel has no list of modules */
	loaded(): Module[];
	/**
	 * The path of the module's file. Undefined when modules.dep has none.
	 * @throws {MissingIndexes} @throws {MalformedIndex} @throws {Refusal}
	 */
	path(module: ModuleOrName): string | undefined;
	/**
	 * The module's parameters from `options` lines, including those for the alias that led to the module and those of the
	 * kernel command line. "" for none.
	 */
	options(module: ModuleOrName): string;
	/** The command that runs in place of inserting (or removing) the module: the first matching line of modprobe.d. */
	installCommand(module: ModuleOrName): string | undefined;
	removeCommand(module: ModuleOrName): string | undefined;
	/**
	 * All transitive dependencies in topological order: each after its own dependencies.
	 * @throws {MissingIndexes} @throws {MalformedIndex} @throws {Refusal}
	 */
	dependencies(module: ModuleOrName): Module[];
	/** The softdeps to be tried before and after the module. @throws {MalformedIndex} */
	softdeps(module: ModuleOrName): { pre: Module[]; post: Module[] };
	/** The modules that the first weakdep line names. They are never loaded because of it. @throws {MalformedIndex} */
	weakdeps(module: ModuleOrName): Module[];
	/** The line that blacklists the module. Undefined when none does. */
	blacklisted(module: ModuleOrName): Source | undefined;
	/** Whether the module is in modules.builtin. @throws {MalformedIndex} */
	isBuiltin(module: ModuleOrName): boolean;
	/** The modules without the blacklisted and without the built-in ones, as asked. */
	filter(
		modules: readonly Module[],
		leaveOut: { readonly blacklisted?: boolean; readonly builtin?: boolean },
	): Module[];
};

/** @param absolute makes a path absolute. */
export function makeModules({ machine, proc, knowledge }: Context, absolute: (path: string) => string): Modules {
	const blacklisted = (module: ModuleOrName) => knowledge().blacklisted(asModule(module).name);
	const isBuiltin = (module: ModuleOrName) => knowledge().isBuiltin(asModule(module).name);
	const need = (...kinds: readonly IndexKind[]) => needIndexes(knowledge().indexes, ...kinds);
	return {
		module: asModule,
		moduleAt: (path) => moduleAt(machine, absolute(path)),
		lookUp(alias) {
			const found = findModules(knowledge(), alias);
			if (found.length === 0) need(...indexesFor(alias));
			return found;
		},
		lookUpName(name) {
			const [found] = lookUpName(knowledge(), name);
			if (found === undefined) need("dependencies");
			return found && { name: found.module };
		},
		loaded: () => listLoaded(machine, proc),
		path(module) {
			const path = pathOf(knowledge(), asModule(module));
			if (path === undefined) need("dependencies");
			return path;
		},
		options(module) {
			const { name, alias } = asModule(module);
			return knowledge().options(name, alias);
		},
		installCommand: (module) => knowledge().installCommand(asModule(module).name)?.command,
		removeCommand: (module) => knowledge().removeCommand(asModule(module).name)?.command,
		dependencies(module) {
			need("dependencies");
			return dependenciesOf(knowledge(), asModule(module));
		},
		softdeps(module) {
			const lines = knowledge().softdeps(asModule(module).name);
			const find = (when: "pre" | "post") =>
				findAll(
					knowledge(),
					lines.flatMap((line) => line[when]),
				);
			return { pre: find("pre"), post: find("post") };
		},
		weakdeps: (module) => findAll(knowledge(), knowledge().weakdep(asModule(module).name)?.modules ?? []),
		blacklisted,
		isBuiltin,
		filter: (modules, { blacklisted: byBlacklist = false, builtin = false }) =>
			modules.filter(
				(module) => !(byBlacklist && blacklisted(module) !== undefined) && !(builtin && isBuiltin(module)),
			),
	};
}

function listLoaded(files: Files, proc: string): Module[] {
	if (files.stamp(`${proc}/modules`) === undefined)
		throw new Refusal({ operation: "read", subject: `${proc}/modules`, code: "ENOENT" });
	return readLoadedModules(files, proc).map(({ module }) => ({ name: module }));
}

/** The modules for a name or alias. Empty when the index to search is missing, as in modprobe. */
export function findModules(knowledge: Knowledge, alias: string): Module[] {
	return lookUp(knowledge, alias).map((found) => foundModule(found, alias));
}

/** The indexes that must be usable before a name or alias counts as unknown. */
export function indexesFor(alias: string): readonly IndexKind[] {
	return ["dependencies", "aliases", ...(alias.startsWith("symbol:") ? (["symbols"] as const) : [])];
}

function findAll(knowledge: Knowledge, aliases: readonly string[]): Module[] {
	return aliases.flatMap((alias) => findModules(knowledge, alias));
}

function dependenciesOf(knowledge: Knowledge, { name }: Module): Module[] {
	return (knowledge.file(name)?.dependencies ?? []).map((dependency) => ({ name: dependency }));
}

export function pathOf(knowledge: Knowledge, { name, path }: Module): string | undefined {
	if (path !== undefined) return path;
	const listed = knowledge.file(name)?.path;
	return listed && moduleFileIn(knowledge, listed);
}

function moduleAt(files: Files, path: string): Module | undefined {
	if (files.stamp(path) === undefined) return undefined;
	return { name: normaliseModuleName(path), path };
}
