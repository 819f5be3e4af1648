// Which modules are in the plan of one side and not in that of the other, and which have other parameters: those that devices ask for,
// and those that no device does, dependencies and softdeps. Pure.

import type { Source } from "../../libkmod/formats/modprobe-config.js";
import type { Cause } from "../../libkmod/planning/plan-insertion.js";
import { type Both, otherSide, type SideKey } from "./answers.js";
import type { Because } from "./because.js";
import type { DeviceChange } from "./device-changes.js";
import type { PlannedModule, SidePlan } from "./side-plan.js";
import { modulesOf, type Side } from "./sides.js";

/** "built in": it is loaded in A, and a part of B's kernel. "as a file": the other way round. Neither is a loss. */
export type ModuleChangeWord = "lost" | "gained" | "built in" | "as a file" | "parameters" | "command";

export type ModuleChange = {
	readonly module: string;
	readonly change: ModuleChangeWord;
	/** Absent where it is not loaded: a part of the kernel is not. */
	readonly before?: PlannedModule;
	readonly after?: PlannedModule;
	readonly because: PlanBecause;
	/** How many devices have lost or gained it. None for a module that comes with others. */
	readonly devices: number;
};

export type PlanBecause =
	| Because
	| ({ readonly side: SideKey } & (
			| { readonly kind: "built in" }
			/** The module whose dependency it is on the other side is loaded here too, and does not need it, or has no softdep on it. */
			| { readonly kind: "not needed"; readonly of: string }
			/** The module that brings it on the other side is not loaded here. */
			| { readonly kind: "not brought"; readonly of: string }
			/** The softdep of the other side, and its line. */
			| {
					readonly kind: "no softdep";
					readonly of: string;
					readonly when: "pre" | "post";
					readonly source: Source;
			  }
			/** The lines of modprobe.d, or of the kernel command line, that this side has and the other has not. */
			| { readonly kind: "other lines"; readonly lines: readonly Source[] }
	  ));

export type PlansCompared = {
	readonly modules: readonly ModuleChange[];
	/** How many modules each side loads. */
	readonly loaded: Both<number>;
};

export function comparePlans(
	sides: Both<Side>,
	plans: Both<SidePlan>,
	devices: readonly DeviceChange[],
): PlansCompared {
	const comparing = { sides, plans, absences: listAbsentModules(devices) };
	const all = new Set([...plans.a.loaded.keys(), ...plans.b.loaded.keys()]);
	const modules = [...all].flatMap((module) => compareModule(module, comparing) ?? []);
	return { modules, loaded: { a: plans.a.loaded.size, b: plans.b.loaded.size } };
}

type Comparing = {
	readonly sides: Both<Side>;
	readonly plans: Both<SidePlan>;
	/** By module: the first device that has lost or gained it, and how many have. */
	readonly absences: ReadonlyMap<string, { readonly because: Because; devices: number }>;
};

function listAbsentModules(devices: readonly DeviceChange[]): Comparing["absences"] {
	const absences = new Map<string, { readonly because: Because; devices: number }>();
	for (const { lost, gained } of devices)
		for (const { module, because } of [...lost, ...gained]) {
			const known = absences.get(module);
			if (known === undefined) absences.set(module, { because, devices: 1 });
			else known.devices++;
		}
	return absences;
}

function compareModule(module: string, comparing: Comparing): ModuleChange | undefined {
	const { plans, absences } = comparing;
	const [before, after] = [plans.a.loaded.get(module), plans.b.loaded.get(module)].map(withoutCause);
	const devices = absences.get(module)?.devices ?? 0;
	const change = { module, ...(before && { before }), ...(after && { after }), devices };
	if (before !== undefined && after !== undefined) {
		const word = before.command !== after.command ? "command" : "parameters";
		if (word === "parameters" && before.parameters === after.parameters) return undefined;
		return { ...change, change: word, because: findLines(module, word, comparing) };
	}
	const side = before === undefined ? "a" : "b";
	if (modulesOf(comparing.sides[side]).isBuiltIn(module))
		return { ...change, change: side === "b" ? "built in" : "as a file", because: { side, kind: "built in" } };
	return { ...change, change: side === "b" ? "lost" : "gained", because: whyNotLoaded(module, side, comparing) };
}

function withoutCause(planned: (PlannedModule & { readonly cause: Cause }) | undefined): PlannedModule | undefined {
	if (planned === undefined) return undefined;
	const { cause: _, ...rest } = planned;
	return rest;
}

/** @param side the one that lacks the module */
function whyNotLoaded(module: string, side: SideKey, { plans, absences }: Comparing): PlanBecause {
	const kept = plans[side].keptOut.get(module);
	if (kept !== undefined) return { side, ...kept };
	const absence = absences.get(module);
	if (absence !== undefined) return absence.because;
	const cause = plans[otherSide(side)].loaded.get(module)?.cause;
	if (cause === undefined || cause.kind === "alias" || cause.kind === "name")
		return { side, kind: "not brought", of: module };
	const { of } = cause;
	if (!plans[side].loaded.has(of)) return { side, kind: "not brought", of };
	if (cause.kind === "dependency") return { side, kind: "not needed", of };
	return { side: otherSide(side), kind: "no softdep", of, when: cause.when, source: cause.source };
}

/** The lines by which the parameters or the commands differ: those of B that A has not, or else those of A. */
function findLines(module: string, word: "parameters" | "command", { sides }: Comparing): PlanBecause {
	const lines = { a: linesOf(module, word, sides.a), b: linesOf(module, word, sides.b) };
	const only = (side: SideKey) => {
		const others = new Set(lines[otherSide(side)].map(({ text }) => text));
		return lines[side].filter(({ text }) => !others.has(text)).map(({ source }) => source);
	};
	const side = only("b").length > 0 ? "b" : "a";
	return { side, kind: "other lines", lines: only(side) };
}

type Line = { readonly text: string; readonly source: Source };

function linesOf(module: string, word: "parameters" | "command", { knowledge }: Side): readonly Line[] {
	if (word === "parameters")
		return knowledge.configuration.options
			.filter((line) => line.module === module)
			.map(({ options, source }) => ({ text: options, source }));
	const line = knowledge.installCommand(module);
	return line === undefined ? [] : [{ text: line.command, source: line.source }];
}
