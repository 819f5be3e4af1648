// Finding modules, and what indexes and configuration say of them.
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
	/** The module of that name, in any spelling, whether there is one or not. */
	module(name: string): Module;
	/** The module in a file; undefined where there is no such file. @throws {Refusal} where the path cannot be followed */
	moduleAt(path: string): Module | undefined;
	/**
	 * Modules for a name or alias, by modprobe's rules: `alias` lines, then modules, symbols, commands, aliases, what is
	 * built in. Repeats are kept. Of indexes that `load` would not accept, as in libkmod, those that can be read count.
	 * Where nothing is found and modules.dep.bin, modules.alias.bin, or, for `symbol:`, modules.symbols.bin cannot be asked:
	 * @throws {MissingIndexes} @throws {MalformedIndex} @throws {Refusal}
	 */
	lookUp(nameOrAlias: string): Module[];
	/** The module or built-in module of that name: no aliases, no configuration. @throws {MissingIndexes} @throws {MalformedIndex} @throws {Refusal} */
	lookUpName(name: string): Module | undefined;
	/** The modules that the kernel has, the one inserted last first. @throws {Refusal} ENOENT where it has no list of them */
	loaded(): Module[];
	/** The module's file; undefined where modules.dep has none. @throws {MissingIndexes} @throws {MalformedIndex} @throws {Refusal} */
	path(module: ModuleOrName): string | undefined;
	/** Parameters by `options` lines, those of the alias it was found by and of the kernel command line included; "" for none. */
	options(module: ModuleOrName): string;
	/** What is run in place of inserting or removing it: the first line of modprobe.d that fits. */
	installCommand(module: ModuleOrName): string | undefined;
	removeCommand(module: ModuleOrName): string | undefined;
	/** All modules it needs, those first that need none of the others. @throws {MissingIndexes} @throws {MalformedIndex} @throws {Refusal} */
	dependencies(module: ModuleOrName): Module[];
	/** What its softdep line wants tried before and after it. @throws {MalformedIndex} */
	softdeps(module: ModuleOrName): { pre: Module[]; post: Module[] };
	/** What its first weakdep line names. It is never loaded on that account. @throws {MalformedIndex} */
	weakdeps(module: ModuleOrName): Module[];
	/** The line that blacklists it. */
	blacklisted(module: ModuleOrName): Source | undefined;
	/** Whether modules.builtin has it. @throws {MalformedIndex} */
	isBuiltin(module: ModuleOrName): boolean;
	/** Those that are neither blacklisted nor built in, as asked. */
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

/** None where there is no index to look in, as for modprobe. */
export function findModules(knowledge: Knowledge, alias: string): Module[] {
	return lookUp(knowledge, alias).map((found) => foundModule(found, alias));
}

/** Those that have to be usable for a name or alias to be unknown. */
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
