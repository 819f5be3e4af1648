// A step of a plan: a module, the way it is loaded, its prerequisites and its cause. Plain data, which dry run, -D, the log,
// the explanation and the engine read.
import type { Source } from "../formats/modprobe-config.js";
import type { Found } from "../knowledge/lookup.js";
import type { Prerequisite } from "./rivals.js";

/** Why a module is in a plan: the first reason met. */
export type Cause =
	| {
			readonly kind: "alias";
			readonly alias: string;
			readonly found: Found;
			readonly device?: string;
			/** Set when a rule of the agent's policy asks for the module, not the device. */
			readonly rule?: Source;
	  }
	| { readonly kind: "name" }
	| { readonly kind: "dependency"; readonly of: string }
	| { readonly kind: "softdep"; readonly of: string; readonly when: "pre" | "post"; readonly source: Source };

export type Wanted = { readonly module: string; readonly alias?: string; readonly cause: Cause };

/** How a module is loaded: by its file, by its `install` command, built in, without a file, or masked. */
export type Action =
	| { readonly how: "insert"; readonly path: string }
	| { readonly how: "run"; readonly command: string; readonly source: Source }
	| { readonly how: "builtin" }
	/** `problem`: why the index cannot tell the module's file. */
	| { readonly how: "missing"; readonly problem?: string }
	/** The module is masked, or it needs the masked module `needs`. */
	| { readonly how: "masked"; readonly source: Source; readonly needs?: string };

export type Step = Action & {
	readonly module: string;
	/** The alias that led to the module, normalised. */
	readonly alias?: string;
	readonly parameters: string;
	/** False when only softdeps ask for the module: its failure does not block other modules. */
	readonly required: boolean;
	/** Prerequisites, which stand earlier in the list. */
	readonly after: readonly Prerequisite[];
	readonly cause: Cause;
	/** The `install` line that is ignored because the module has softdeps, as in kmod. */
	readonly commandIgnored?: Source;
};

/** Whether the module was found by an alias: then the blacklist applies, and so do the alias's own options. */
export function byAlias({ via }: Found): boolean {
	return via === "alias line" || via === "alias index" || via === "symbol index" || via === "builtin alias index";
}
