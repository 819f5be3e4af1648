// The messages of depmod, in its own words and order.

import type { ModuleDigest } from "./module-digest.js";
import type { SymbolNames } from "./symbol-names.js";
import { type SymbolOwners, UNKNOWN } from "./symbol-owners.js";

/** A message. `detail` is an addition that depmod itself does not print. */
export type DepmodProblem = {
	readonly level: "FATAL" | "ERROR" | "WARNING";
	readonly message: string;
	readonly detail?: string;
};

/** Collects problems about the modules of one directory. */
export class DepmodProblems {
	readonly list: DepmodProblem[] = [];
	readonly #directory: string;

	constructor(directory: string) {
		this.#directory = directory;
	}

	add(level: DepmodProblem["level"], message: string, detail?: string): void {
		this.list.push(detail === undefined ? { level, message } : { level, message, detail });
	}

	/** The bytes as text, one character each. A missing file is a problem. */
	textOf(name: string, bytes: Buffer | undefined): string | undefined {
		if (bytes === undefined)
			this.add("WARNING", `could not open ${name} at ${this.#directory}: No such file or directory`);
		return bytes?.toString("latin1");
	}

	corruptedOrder(line: number): void {
		const where = `${this.#directory}/modules.order:${line}`;
		this.add("ERROR", `${where} corrupted line misses '\\n'`, "the order of all its modules is lost");
	}

	malformed({ path, malformed }: ModuleDigest): void {
		if (malformed === undefined) return;
		this.add("ERROR", `failed to load symbols from ${this.#pathOf(path)}: ${malformed.reason}`, malformed.detail);
	}

	/** Reports symbols that cannot be resolved, in the order of modules and of their symbols. */
	needs(
		modules: readonly ModuleDigest[],
		{ meant, owners, crcs }: SymbolOwners,
		names: SymbolNames,
		wanted: { readonly unknown: boolean; readonly versions: boolean },
	): void {
		for (const { path, needs, weak } of modules) {
			for (const [place, symbol] of needs.symbols.entries()) {
				if (weak.includes(symbol)) continue;
				const owned = owners[meant[symbol]!]!;
				const differs = owned !== UNKNOWN && crcs[meant[symbol]!] !== needs.crcs[place];
				const says = `${this.#pathOf(path)} ${owned === UNKNOWN ? "needs unknown" : "disagrees about version of"}`;
				if (owned === UNKNOWN ? wanted.unknown : wanted.versions && differs)
					this.add("WARNING", `${says} symbol ${names.nameOf(symbol)}`);
			}
		}
	}

	cycles(cycles: readonly (readonly number[])[], modules: readonly ModuleDigest[]): void {
		for (const cycle of cycles) {
			const names = [...cycle, cycle[0]!].map((module) => modules[module]!.name);
			this.add("ERROR", `Cycle detected: ${names.join(" -> ")}`);
		}
		this.add("ERROR", `Found ${new Set(cycles.flat()).size} modules in dependency cycles!`);
	}

	leftOut(file: string, key: string): void {
		this.add("WARNING", `${key} is left out of ${file}: it differs from others by a byte that is not ASCII`);
	}

	readonly unmatchedBracket = (alias: string): void => this.add("WARNING", `Unmatched bracket in ${alias}`);

	readonly duplicate = (key: string, module: string): void =>
		this.add("WARNING", `duplicate module alias:\n${key} ${module}`);

	readonly badBuiltin = (line: string): void => this.add("ERROR", `Invalid modules.builtin line: ${line}`);

	devnameWithoutNumbers(module: string, name: string): void {
		this.add("ERROR", `Module '${module}' has devname (${name}) but lacks major and minor information. Ignoring.`);
	}

	#pathOf(path: string): string {
		return path.startsWith("/") ? path : `${this.#directory}/${path}`;
	}
}
