// The administrator's policy: rules about devices, and about what they ask for. Pure. Patterns are wildcards as modprobe.d's
// and module aliases' are (fnmatch(3), no flags): `*` matches a `/` too. Of patterns in a list one has to match, of
// conditions all, and of rules the first one that does is named.

import type { Source } from "../../libkmod/formats/modprobe-config.js";
import { normaliseAlias } from "../../libkmod/text/module-name.js";
import type { PresentDevice } from "../../ports/devices.js";
import type { OnSkipped } from "../../ports/skipping.js";
import { asError } from "../faults/skipped.js";
import { matchesAny, type Patterns } from "./patterns.js";

/** What a device has to be, and what has to have happened to it: anything where absent. */
export type DeviceConditions = {
	readonly action?: Patterns | undefined;
	readonly subsystem?: Patterns | undefined;
	readonly devpath?: Patterns | undefined;
	/** Such as DEVTYPE and DRIVER. A device without the key does not match. */
	readonly property?: readonly (readonly [key: string, patterns: Patterns])[] | undefined;
};

/** What it has to ask for; both are compared as libkmod compares them, a dash being an underscore. */
export type AskedConditions = { readonly alias?: Patterns | undefined; readonly module?: Patterns | undefined };

type Rule = { readonly source: Source };

/** The device is left alone: nothing is loaded and nothing is run for it. */
export type IgnoreRule = Rule & DeviceConditions;
export type DenyRule = Rule & DeviceConditions & AskedConditions;
/** Devices that meet its conditions get nothing but what an allow rule names; what this needs in turn comes with it. */
export type AllowRule = Rule & DeviceConditions & AskedConditions;
/** The modules are not loaded, and neither is what needs them. */
export type MaskRule = Rule & { readonly module: Patterns };
export type LoadRule = Rule &
	DeviceConditions & {
		/** Names of modules, or aliases. */
		readonly load: readonly string[];
		/** And what the device itself asks for: on other actions than "add" that is nothing. */
		readonly ownAliases: boolean;
	};
export type RunRule = Rule &
	DeviceConditions & {
		/** A program's absolute path and its arguments. */
		readonly command: readonly [string, ...string[]];
		readonly timeoutMilliseconds: number;
		/** Names of the uevent's keys that the command is told beside those that every command is: command-environment.ts. */
		readonly environment: readonly string[];
	};

/** Rules by kind, each in the order in which they were read. */
export type Policy = {
	readonly ignore: readonly IgnoreRule[];
	readonly deny: readonly DenyRule[];
	readonly allow: readonly AllowRule[];
	readonly mask: readonly MaskRule[];
	readonly load: readonly LoadRule[];
	readonly run: readonly RunRule[];
};

export const noPolicy: Policy = { ignore: [], deny: [], allow: [], mask: [], load: [], run: [] };

/** One after the other. */
export function mergePolicies(policies: readonly Policy[]): Policy {
	return {
		ignore: policies.flatMap(({ ignore }) => ignore),
		deny: policies.flatMap(({ deny }) => deny),
		allow: policies.flatMap(({ allow }) => allow),
		mask: policies.flatMap(({ mask }) => mask),
		load: policies.flatMap(({ load }) => load),
		run: policies.flatMap(({ run }) => run),
	};
}

export type Objection = { readonly verdict: "denied" | "not allowed"; readonly source: Source };

/** Why the module is not to be loaded for this alias of this device; undefined where it may be. */
export function findObjection(
	{ deny, allow }: Policy,
	device: PresentDevice,
	alias: string,
	module: string,
): Objection | undefined {
	const denied = deny.find((rule) => meetsAsked(rule, alias, module) && meetsDevice(rule, device));
	if (denied !== undefined) return { verdict: "denied", source: denied.source };
	if (allow.length === 0) return undefined;
	const [first, ...others] = allow.filter((rule) => meetsDevice(rule, device));
	if (first === undefined || [first, ...others].some((rule) => meetsAsked(rule, alias, module))) return undefined;
	return { verdict: "not allowed", source: first.source };
}

/** The rule by which a device is left alone. */
export function findIgnore({ ignore }: Policy, device: PresentDevice): Source | undefined {
	return ignore.find((rule) => meetsDevice(rule, device))?.source;
}

/** The rule that keeps a module, by its normalised name, out of every plan. */
export function findMask({ mask }: Policy, module: string): Source | undefined {
	return mask.find((rule) => meets(rule.module, module))?.source;
}

/** What is to be loaded for a device beside what it asks for itself: names or aliases, each with its rule. */
export type Load = { readonly alias: string; readonly rule: Source };

/** @param onSkipped a rule that cannot be asked about the device does not count for it; where absent it throws. */
export function listLoads({ load }: Policy, device: PresentDevice, onSkipped?: OnSkipped): readonly Load[] {
	if (load.length === 0) return [];
	const rules = listForAction(load, device).filter((rule) => meetsRule(rule, device, onSkipped));
	return rules.flatMap((rule) =>
		[...rule.load, ...(rule.ownAliases ? device.aliases : [])].map((alias) => ({ alias, rule: rule.source })),
	);
}

/** The commands to be run for what has happened to a device, in order. @param onSkipped as above */
export function listRuns(policy: Policy, device: PresentDevice, onSkipped?: OnSkipped): readonly RunRule[] {
	if (policy.run.length === 0) return [];
	const runs = listForAction(policy.run, device).filter((rule) => meetsRule(rule, device, onSkipped));
	return runs.length === 0 || findIgnore(policy, device) !== undefined ? [] : runs;
}

/**
 * Whether a rule can be about what has happened to a device of which no more than its environment is known. What is left out of
 * that is no reason to run it.
 */
export function isAbout({ action, devpath, subsystem }: RunRule, told: Readonly<Record<string, string>>): boolean {
	const { ACTION, DEVPATH, SUBSYSTEM } = told;
	return (
		ACTION !== undefined &&
		DEVPATH !== undefined &&
		meets(action, ACTION) &&
		meets(devpath, DEVPATH) &&
		meets(subsystem, SUBSYSTEM)
	);
}

/** Whether devices without an alias can matter, when they come up. */
export function concernsUnaliased({ load, run }: Policy): boolean {
	return [...load, ...run].some(concernsArrivals);
}

/** Whether a rule about arrivals is about devices of this subsystem, as far as it says. */
export function concernsSubsystem({ load, run }: Policy, subsystem: string): boolean {
	return [...load, ...run].some((rule) => concernsArrivals(rule) && meets(rule.subsystem, subsystem));
}

function concernsArrivals({ action }: DeviceConditions): boolean {
	return meets(action, "add");
}

function meetsRule(rule: Rule & DeviceConditions, device: PresentDevice, onSkipped?: OnSkipped): boolean {
	try {
		return meetsDevice(rule, device);
	} catch (thrown) {
		if (onSkipped === undefined) throw thrown;
		// Named here: a storm asks millions of times, and hardly ever in vain.
		onSkipped(`${rule.source.file} line ${rule.source.line} for ${device.devpath}`, asError(thrown));
		return false;
	}
}

/** The path is asked first: what the walk has not read of a device it reads when it is asked. */
function meetsDevice({ action, devpath, subsystem, property }: DeviceConditions, device: PresentDevice): boolean {
	if (!meets(action, device.action ?? "add") || !meets(devpath, device.devpath)) return false;
	try {
		return meetsProperties(property, device) && isOfSubsystem(subsystem, device);
	} catch (thrown) {
		if (isOfSubsystem(subsystem, device)) throw thrown;
		return false;
	}
}

function isOfSubsystem(wanted: DeviceConditions["subsystem"], { properties }: PresentDevice): boolean {
	return wanted === undefined || meets(wanted, properties?.get("SUBSYSTEM"));
}

function meetsProperties(wanted: DeviceConditions["property"], { properties }: PresentDevice): boolean {
	return wanted === undefined || wanted.every(([key, patterns]) => meets(patterns, properties?.get(key)));
}

function meetsAsked(rule: AskedConditions, alias: string, module: string): boolean {
	return meets(rule.module, module) && (rule.alias === undefined || meets(rule.alias, normaliseAlias(alias) ?? alias));
}

function meets(patterns: Patterns | undefined, text: string | undefined): boolean {
	if (patterns === undefined) return true;
	return text !== undefined && matchesAny(patterns, text);
}

const byAction = new WeakMap<readonly DeviceConditions[], Map<string, readonly DeviceConditions[]>>();

/** In a storm most uevents say what no rule is about. */
function listForAction<Rule extends DeviceConditions>(rules: readonly Rule[], device: PresentDevice): readonly Rule[];
function listForAction(
	rules: readonly DeviceConditions[],
	{ action = "add" }: PresentDevice,
): readonly DeviceConditions[] {
	const known = byAction.get(rules) ?? new Map<string, readonly DeviceConditions[]>();
	byAction.set(rules, known);
	let listed = known.get(action);
	if (listed === undefined) {
		listed = rules.filter((rule) => meets(rule.action, action));
		known.set(action, listed);
	}
	return listed;
}
