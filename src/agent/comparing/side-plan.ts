// The plan of one side, for all of its devices: the modules that would be loaded, and those that are kept out. Nothing counts as live.
// Pure.

import { type Cause, planInsertion, type Step, type Wanted } from "../../libkmod/planning/plan-insertion.js";
import type { OnSkipped } from "../../ports/skipping.js";
import { listWanted, makeDecider } from "../decisions/decider.js";
import type { AnsweredDevice, DeviceAnswer, Hindrance, ServingModule } from "./answers.js";
import { type InsertionRules, judgeInsertion } from "./insertion-judge.js";
import type { Side } from "./sides.js";

/** A module that would be loaded. */
export type PlannedModule = {
	readonly how: ServingModule["how"];
	/** Those of all options lines, joined by blanks. */
	readonly parameters: string;
	/** The command of the install line, where that loads the module. */
	readonly command?: string;
};

/** A side's plan for all of its devices. */
export type SidePlan = {
	/** The modules that would be loaded, in order. */
	readonly loaded: ReadonlyMap<string, PlannedModule & { readonly cause: Cause }>;
	/** By module of the plan that would not be loaded. */
	readonly keptOut: ReadonlyMap<string, Hindrance>;
};

/** @param onSkipped as makeDecider's */
export function planSide(side: Side, onSkipped?: OnSkipped): SidePlan {
	const decide = makeDecider(side.knowledge, side.policy, onSkipped);
	return planWanted(side, listWanted(side.devices.flatMap(decide)));
}

export function planWanted(side: InsertionRules, wanted: readonly Wanted[]): SidePlan {
	const plan = planInsertion(side.knowledge, wanted);
	const steps = new Map(plan.map((step) => [step.module, step]));
	const loaded = new Map<string, PlannedModule & { readonly cause: Cause }>();
	const keptOut = new Map<string, Hindrance>();
	for (const step of plan) {
		const judged = judgeInsertion(step, steps, side);
		if ("by" in judged) keptOut.set(step.module, judged.by);
		else if (judged.how !== "built in") loaded.set(step.module, { ...plannedOf(step, judged.how), cause: step.cause });
	}
	return { loaded, keptOut };
}

function plannedOf(step: Step, how: PlannedModule["how"]): PlannedModule {
	return { how, parameters: step.parameters, ...(step.how === "run" && { command: step.command }) };
}

/** What keeps a module from being asked for by a device, and does not keep it from being loaded for others. */
const ofTheDevice: ReadonlySet<Hindrance["kind"]> = new Set(["blacklisted", "denied", "not allowed", "ignored"]);

/** Whether another device may have the module loaded all the same. */
export const isKeptFromDevice = ({ kind }: Hindrance): boolean => ofTheDevice.has(kind);

/**
 * The device with the modules that are kept from it and are loaded all the same: for another device, or since a module needs them.
 * The kernel lets their drivers bind the device.
 */
export function withLoaded(
	device: AnsweredDevice,
	{ loaded }: { readonly loaded: ReadonlyMap<string, PlannedModule> },
): AnsweredDevice {
	const { serving, keptOut } = device.answer;
	const coming: ServingModule[] = [];
	for (const { by, ...asked } of keptOut) {
		const planned = isKeptFromDevice(by) ? loaded.get(asked.module) : undefined;
		if (planned !== undefined) coming.push({ ...asked, how: planned.how });
	}
	if (coming.length === 0) return device;
	const there = new Set(coming.map(({ module }) => module));
	const answer: DeviceAnswer = {
		...device.answer,
		serving: [...serving, ...coming],
		keptOut: keptOut.filter(({ module }) => !there.has(module)),
	};
	return { ...device, answer };
}
