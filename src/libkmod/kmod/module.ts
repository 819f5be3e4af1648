// A module as libkmod's functions take and give it: a value, which holds nothing of the machine.
import type { Found } from "../knowledge/lookup.js";
import { byAlias } from "../planning/step.js";
import { normaliseAlias, normaliseName } from "../text/module-name.js";

export type Module = {
	/** Normalised: my_mod. */
	readonly name: string;
	/** The alias it was found by: `options` lines for that count too, and the blacklist's for the module. */
	readonly alias?: string;
	/** Its file, where it is known by that. Else modules.dep has it. */
	readonly path?: string;
};

/** Wherever a module is asked for, its name does as well, in any spelling. */
export type ModuleOrName = Module | string;

export function asModule(module: ModuleOrName): Module {
	return typeof module === "string" ? { name: normaliseName(module) } : module;
}

export function foundModule(found: Found, alias: string): Module {
	return byAlias(found) ? { name: found.module, alias: normaliseAlias(alias) ?? alias } : { name: found.module };
}
