// The administrator's policy: rules about devices, and about the aliases and modules that they ask for. Pure. Patterns are
// wildcards like those of modprobe.d and module aliases (fnmatch(3), no flags): `*` matches a `/` too. One pattern of a list must
// match, and all conditions of a rule. When several rules match, the first one is named.

import type { Source } from "../../libkmod/formats/modprobe-config.js";
import { asError } from "../../libkmod/kernel/errors.js";
import { normaliseAlias } from "../../libkmod/text/module-name.js";
import type { PresentDevice } from "../../ports/devices.js";
import type { OnSkipped } from "../../ports/skipping.js";
import { matchesAny, type Patterns } from "./patterns.js";

/** Conditions on a device and on its uevent. An undefined condition is met by any device. */
export type DeviceConditions = {
	readonly action?: Patterns | undefined;
	readonly subsystem?: Patterns | undefined;
	readonly devpath?: Patterns | undefined;
	/** Patterns by property, such as DEVTYPE and DRIVER. A device without the property does not match. */
	readonly property?: readonly (readonly [key: string, patterns: Patterns])[] | undefined;
};

/**
 * Conditions on the alias and the module that a device asks for. Both are compared as libkmod does, where a dash equals an
 * underscore.
 */
export type AskedConditions = { readonly alias?: Patterns | undefined; readonly module?: Patterns | undefined };

type Rule = { readonly source: Source };

/** The device is ignored: nothing is loaded and no command is run for it. */
export type IgnoreRule = Rule & DeviceConditions;
export type DenyRule = Rule & DeviceConditions & AskedConditions;
/** A device that meets the conditions gets only modules that an allow rule names, and what these modules need in turn. */
export type AllowRule = Rule & DeviceConditions & AskedConditions;
/** The modules are not loaded, nor are modules that need them. */
export type MaskRule = Rule & { readonly module: Patterns };
export type LoadRule = Rule &
	DeviceConditions & {
		/** Names of modules, or aliases. */
		readonly load: readonly string[];
		/** Whether the device's own aliases are loaded too. Without this, they are loaded on "add" alone. */
		readonly ownAliases: boolean;
	};
export type RunRule = Rule &
	DeviceConditions & {
		/** A program's absolute path and its arguments. */
		readonly command: readonly [string, ...string[]];
		readonly timeoutMilliseconds: number;
		/**
		 * Names of the uevent's keys that the command gets in addition to those that every command gets: see
		 * command-environment.ts.
		 */
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

/** Concatenates policies, kind by kind. */
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

/** Returns why the module must not be loaded for this alias of this device. Undefined when it may be. */
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

/** Returns the first rule that has the device ignored. */
export function findIgnore({ ignore }: Policy, device: PresentDevice): Source | undefined {
	return ignore.find((rule) => meetsDevice(rule, device))?.source;
}

/** Returns the first rule that keeps a module, by its normalised name, out of every plan. */
export function findMask({ mask }: Policy, module: string): Source | undefined {
	return mask.find((rule) => meets(rule.module, module))?.source;
}

/** A module name or alias that policy loads for a device in addition to the device's own aliases, with its rule. */
export type Load = { readonly alias: string; readonly rule: Source };

/** @param onSkipped called when a rule throws for the device, which skips that rule. When undefined, the rule throws */
export function listLoads({ load }: Policy, device: PresentDevice, onSkipped?: OnSkipped): readonly Load[] {
	if (load.length === 0) return [];
	const rules = listForAction(load, device).filter((rule) => meetsRule(rule, device, onSkipped));
	return rules.flatMap((rule) =>
		[...rule.load, ...(rule.ownAliases ? device.aliases : [])].map((alias) => ({ alias, rule: rule.source })),
	);
}

/** Returns the commands to run for a device's uevent, in order. @param onSkipped as for `listLoads` */
export function listRuns(policy: Policy, device: PresentDevice, onSkipped?: OnSkipped): readonly RunRule[] {
	if (policy.run.length === 0) return [];
	const runs = listForAction(policy.run, device).filter((rule) => meetsRule(rule, device, onSkipped));
	return runs.length === 0 || findIgnore(policy, device) !== undefined ? [] : runs;
}

/**
 * Whether a rule can match a device of which only the command's environment is known. A variable that is absent from the
 * environment does not match.
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

/** Whether a rule can match the arrival of a device without an alias. */
export function concernsUnaliased({ load, run }: Policy): boolean {
	return [...load, ...run].some(concernsArrivals);
}

/** Whether a rule about arrivals can match devices of this subsystem. */
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
		// The rule's name is formatted only here, since a storm evaluates rules millions of times and hardly any throws.
		onSkipped(`${rule.source.file} line ${rule.source.line} for ${device.devpath}`, asError(thrown));
		return false;
	}
}

/** The path is compared first, since a property that the walk has not read yet is read from /sys on demand. */
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

/** Rules are filtered by action once: in a storm most uevents have an action that no rule names. */
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
