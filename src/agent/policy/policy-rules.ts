// The kinds of rules in a policy file: the keys of each kind, and the values that each key accepts. Pure.
import type { Source } from "../../libkmod/formats/modprobe-config.js";
import { type AskedConditions, type DeviceConditions, noPolicy, type Policy } from "./policy.js";
import {
	alias,
	flag,
	listOf,
	type Mistake,
	makeTableReader,
	pattern,
	program,
	properties,
	seconds,
	type Table,
	type TableReader,
	variable,
	word,
} from "./policy-values.js";

export type RuleKind = keyof Policy;

/** The actions of lib/kobject_uevent.c. */
const actions: readonly string[] = ["add", "remove", "change", "move", "online", "offline", "bind", "unbind"];
const LONGEST_TIMEOUT_SECONDS = 3600;
const DEFAULT_TIMEOUT_SECONDS = 30;

/** Each function reads one rule and returns a policy of that rule alone. */
const kinds: { readonly [Name in RuleKind]: (table: TableReader, source: Source) => Pick<Policy, Name> } = {
	ignore(table, source) {
		const rule = conditions(table);
		if (!isAny(rule)) table.refuse("ignore without any condition would concern every device");
		return { ignore: [{ ...rule, source }] };
	},
	deny(table, source) {
		const rule = { ...conditions(table), ...asked(table) };
		if (!isAny(rule)) table.refuse("deny without any condition would concern everything");
		return { deny: [{ ...rule, source }] };
	},
	allow(table, source) {
		const rule = { ...conditions(table), ...asked(table) };
		if (!rule.alias && !rule.module) table.refuse("allow must say by module or alias what is allowed");
		return { allow: [{ ...rule, source }] };
	},
	mask(table, source) {
		const module = table.read("module", listOf(alias));
		if (!module) table.refuse("mask must say by module what is masked");
		return { mask: [{ module: module ?? [], source }] };
	},
	load(table, source) {
		const { action = ["add"], ...rule } = conditions(table);
		const load = table.read("load", listOf(alias)) ?? [];
		const ownAliases = table.read("own_aliases", flag) ?? false;
		if (load.length === 0 && !ownAliases) table.refuse("load must say by load or own_aliases what is loaded");
		if (!isAny(rule)) table.refuse("load must say for which devices by subsystem, devpath or property");
		return { load: [{ ...rule, action, load, ownAliases, source }] };
	},
	run(table, source) {
		const rule = conditions(table);
		const command = table.read("command", program);
		const timeout = table.read("timeout_seconds", seconds(LONGEST_TIMEOUT_SECONDS)) ?? DEFAULT_TIMEOUT_SECONDS;
		const environment = table.read("environment", listOf(variable)) ?? [];
		if (!command) table.refuse("run must say by command what is run");
		if (!rule.action) table.refuse("run must say by action when it is run");
		const timeoutMilliseconds = Math.round(1000 * timeout);
		return { run: [{ ...rule, command: command ?? [""], timeoutMilliseconds, environment, source }] };
	},
};

export const ruleKinds = Object.keys(kinds) as readonly RuleKind[];

/** Parses one rule as a policy. The policy is empty when the rule has mistakes. */
export function parseRule(
	kind: RuleKind,
	table: Table,
	source: Source,
): { value: Policy; mistakes: readonly Mistake[] } {
	const mistakes: Mistake[] = [];
	const reader = makeTableReader(table, mistakes);
	const rule = kinds[kind](reader, source);
	reader.end();
	return { value: mistakes.length === 0 ? { ...noPolicy, ...rule } : noPolicy, mistakes };
}

function conditions(table: TableReader): DeviceConditions {
	return {
		action: table.read("action", listOf(word(actions))),
		subsystem: table.read("subsystem", listOf(pattern)),
		devpath: table.read("devpath", listOf(pattern)),
		property: table.read("property", properties),
	};
}

function asked(table: TableReader): AskedConditions {
	return { alias: table.read("alias", listOf(alias)), module: table.read("module", listOf(alias)) };
}

function isAny(rule: object): boolean {
	return Object.values(rule).some((condition) => condition !== undefined);
}
