// A step of a plan: a module, how it comes to life, what it waits for and why it is there. Data, which dry run, -D, log, explanation
// and engine read.
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
			/** Where the agent's policy asks for it, not the device. */
			readonly rule?: Source;
	  }
	| { readonly kind: "name" }
	| { readonly kind: "dependency"; readonly of: string }
	| { readonly kind: "softdep"; readonly of: string; readonly when: "pre" | "post"; readonly source: Source };

export type Wanted = { readonly module: string; readonly alias?: string; readonly cause: Cause };

/** How a module comes to life: its file, its `install` command, nothing to do, nothing to do it with, or not at all. */
export type Action =
	| { readonly how: "insert"; readonly path: string }
	| { readonly how: "run"; readonly command: string; readonly source: Source }
	| { readonly how: "builtin" }
	/** The problem: what keeps the index from saying which file it is. */
	| { readonly how: "missing"; readonly problem?: string }
	/** It is masked, or needs what is. */
	| { readonly how: "masked"; readonly source: Source; readonly needs?: string };

export type Step = Action & {
	readonly module: string;
	/** The alias that led to it, as it is compared. */
	readonly alias?: string;
	readonly parameters: string;
	/** False for what only softdeps ask for: its failure is nobody else's. */
	readonly required: boolean;
	/** Steps that stand earlier in the list. */
	readonly after: readonly Prerequisite[];
	readonly cause: Cause;
	/** The `install` line that counts for nothing because the module has softdeps, as in kmod. */
	readonly commandIgnored?: Source;
};

/** A module reached through an alias is subject to the blacklist and takes the alias's options as well. */
export function byAlias({ via }: Found): boolean {
	return via === "alias line" || via === "alias index" || via === "symbol index" || via === "builtin alias index";
}
