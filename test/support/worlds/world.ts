// Worlds for tests: a kernel's module directory and its configuration, described briefly and held in memory.
import type { Files } from "../../../src/libkmod/kernel/kernel.js";
import { type Knowledge, readKnowledge } from "../../../src/libkmod/knowledge/knowledge.js";
import { normaliseAlias, normaliseModuleName } from "../../../src/libkmod/text/module-name.js";
import { encodeTrie } from "./trie.js";

export type World = {
	/** Each module with the modules whose symbols it uses, in modules.order's order. Circles are not allowed. */
	readonly modules: Readonly<Record<string, readonly string[]>>;
	/** Alias patterns, with the modules that have them. */
	readonly aliases?: Readonly<Record<string, string | readonly string[]>>;
	/** The text of a file of modprobe.d. */
	readonly config?: string;
	readonly builtin?: readonly string[];
	/** The kernel command line. */
	readonly commandLine?: string;
};

export const RELEASE = "6.0.0";
export const moduleDirectory = `/lib/modules/${RELEASE}`;
/** The path of the configuration file, for messages with file and line. */
export const configFile = "/etc/modprobe.d/world.conf";

export function makeWorld(world: World): Knowledge {
	const { commandLine } = world;
	return readKnowledge(filesIn(worldFiles(world)), {
		moduleDirectory,
		...(commandLine !== undefined && { kernelCommandLine: commandLine }),
	});
}

/** The files that depmod and the administrator would have written, by path. */
export function worldFiles({ modules, aliases = {}, builtin = [], config, commandLine }: World): Map<string, Buffer> {
	const names = Object.keys(modules);
	const dependencies = names.map((name) => [normaliseModuleName(name), 0, dependencyLine(modules, name)] as const);
	const patterns = Object.entries(aliases).flatMap(([pattern, bearers]) =>
		[bearers].flat().map((module) => {
			const place = names.indexOf(module);
			return [normaliseAlias(pattern) ?? pattern, Math.max(place, 0), normaliseModuleName(module)] as const;
		}),
	);
	const builtins = builtin.map((name) => [normaliseModuleName(name), 0, ""] as const);
	const index = (name: string, entries: Parameters<typeof encodeTrie>[0]) =>
		[`${moduleDirectory}/${name}`, encodeTrie(entries, true)] as const;
	return new Map([
		index("modules.dep.bin", dependencies),
		index("modules.alias.bin", patterns),
		index("modules.symbols.bin", []),
		index("modules.builtin.bin", builtins),
		index("modules.builtin.alias.bin", []),
		[configFile, Buffer.from(config ?? "", "latin1")],
		["/proc/cmdline", Buffer.from(commandLine ?? "", "latin1")],
	]);
}

/** Lists every module that a module needs, users before the modules that they use, as depmod writes them. */
function dependencyLine(modules: World["modules"], name: string): string {
	const met = new Set<string>();
	const visit = (module: string): void => {
		if (met.has(module)) return;
		for (const used of modules[module] ?? []) visit(used);
		met.add(module);
	};
	visit(name);
	const path = (module: string): string => `kernel/${module}.ko`;
	const needed = [...met].filter((module) => module !== name).reverse();
	return `${path(name)}:${needed.map((module) => ` ${path(module)}`).join("")}`;
}

/** The reading half of the port over a Map of files. Later changes of the map are visible. */
export function filesIn(content: ReadonlyMap<string, Buffer>): Files {
	return {
		read: (path) => content.get(path),
		list(path) {
			const below = path.endsWith("/") ? path : `${path}/`;
			const inside = [...content.keys()].filter((name) => name.startsWith(below));
			const names = new Set(inside.map((name) => name.slice(below.length).replace(/\/.*/s, "")));
			return names.size > 0 ? [...names] : undefined;
		},
		stamp: (path) => content.get(path)?.toString("latin1"),
	};
}
