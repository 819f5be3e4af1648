// A module as libkmod's functions take and return it: a plain value, without a handle to the machine.
import type { Found } from "../knowledge/lookup.js";
import { byAlias } from "../planning/step.js";
import { normaliseAlias, normaliseName } from "../text/module-name.js";

export type Module = {
	/** The normalised name, such as my_mod. */
	readonly name: string;
	/**
	 * The alias that led to the module: `options` lines for the alias count too, and a blacklist line for the module applies.
	 */
	readonly alias?: string;
	/** The module's file, when the caller named one. Otherwise modules.dep has the path. */
	readonly path?: string;
};

/** A module, or its name in any spelling. */
export type ModuleOrName = Module | string;

export function asModule(module: ModuleOrName): Module {
	return typeof module === "string" ? { name: normaliseName(module) } : module;
}

export function foundModule(found: Found, alias: string): Module {
	return byAlias(found) ? { name: found.module, alias: normaliseAlias(alias) ?? alias } : { name: found.module };
}
