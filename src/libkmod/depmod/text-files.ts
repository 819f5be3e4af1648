// The text files that depmod writes, byte for byte. One character is one byte (latin1).

import type { DependencyGraph } from "./dependency-graph.js";
import type { Devname } from "./devname.js";
import type { ModuleDigest } from "./module-digest.js";
import type { SymbolNames } from "./symbol-names.js";

/** modules.dep: the paths of each module and of all modules it needs. */
export function formatDependencies(modules: readonly ModuleDigest[], needed: readonly (readonly number[])[]): string[] {
	return modules.map(({ path }, module) => {
		const paths = needed[module]!.map((other) => ` ${modules[other]!.path}`);
		return `${path}:${paths.join("")}`;
	});
}

/** modules.alias. */
export function formatAliases(modules: readonly ModuleDigest[]): string {
	const lines = modules.flatMap(({ name, aliases }) => aliases.map((alias) => `alias ${alias} ${name}\n`));
	return `# Aliases extracted from modules themselves.\n${lines.join("")}`;
}

/** modules.softdep. */
export function formatSoftdeps(modules: readonly ModuleDigest[]): string {
	const lines = modules.flatMap(({ name, softdeps }) => softdeps.map((softdep) => `softdep ${name} ${softdep}\n`));
	return `# Soft dependencies extracted from modules themselves.\n${lines.join("")}`;
}

/** modules.weakdep. */
export function formatWeakdeps(modules: readonly ModuleDigest[]): string {
	const lines = modules.flatMap(({ name, weakdeps }) => weakdeps.map((weakdep) => `weakdep ${name} ${weakdep}\n`));
	return `# Weak dependencies extracted from modules themselves.\n${lines.join("")}`;
}

/** modules.symbols. */
export function formatSymbols(symbols: readonly { readonly name: string; readonly module: string }[]): string {
	const lines = symbols.map(({ name, module }) => `alias symbol:${name} ${module}\n`);
	return `# Aliases for symbols, used by symbol_request().\n${lines.join("")}`;
}

/** modules.devname. Empty when no module has a device node of its own. */
export function formatDevnames(devnames: readonly Devname[]): string {
	const lines = devnames.map(({ module, name, type, major, minor }) => `${module} ${name} ${type}${major}:${minor}\n`);
	if (lines.length === 0) return "";
	return `# Device nodes to trigger on-demand module loading.\n${lines.join("")}`;
}

/** The output of depmod -v: for each pair of modules where one needs the other, a symbol that is the reason. */
export function formatNeeds(
	modules: readonly ModuleDigest[],
	{ needed, because }: DependencyGraph,
	names: SymbolNames,
	directory: string,
): string {
	const pathOf = ({ path }: ModuleDigest) => (path.startsWith("/") ? path : `${directory}/${path}`);
	const lines = modules.flatMap((module, place) =>
		needed[place]!.map((owner, n) => {
			const symbol = names.nameOf(because[place]![n]!);
			return `${pathOf(module)} needs "${symbol}": ${pathOf(modules[owner]!)}\n`;
		}),
	);
	return lines.join("");
}
