// The kinds of rules in a policy file, as schemas: the keys of each kind, the values that each key accepts, and what a rule of
// the kind may not lack. Pure.
import * as v from "valibot";
import type { Source } from "../../libkmod/formats/modprobe-config.js";
import { noPolicy, type Policy } from "./policy.js";
import { alias, flag, listOf, pattern, program, properties, seconds, variable, word } from "./policy-values.js";
import type { Table } from "./toml-file.js";

export type RuleKind = keyof Policy;

/** A mistake in a rule as a whole, or in the value of one of its keys. */
export type Mistake = { readonly key?: string; readonly message: string };

/** The actions of lib/kobject_uevent.c. */
const actions: readonly string[] = ["add", "remove", "change", "move", "online", "offline", "bind", "unbind"];
const LONGEST_TIMEOUT_SECONDS = 3600;
const DEFAULT_TIMEOUT_SECONDS = 30;

/**
 * A key that may be absent. Only the first mistake of a value counts. An absent key becomes `undefined`, and not a rule without
 * the key: every uevent meets every rule, which is faster when all rules of a kind have one shape.
 */
const key = <Schema extends v.GenericSchema>(schema: Schema) =>
	v.optional(v.config(schema, { abortEarly: true }), () => undefined);

const conditions = {
	action: key(listOf(word(actions))),
	subsystem: key(listOf(pattern)),
	devpath: key(listOf(pattern)),
	property: key(properties),
};

const asked = { alias: key(listOf(alias)), module: key(listOf(alias)) };

const isAny = (given: object): boolean => Object.values(given).some((condition) => condition !== undefined);

/** Stands for an absent command until the rule is refused. */
const absent: readonly [string] = [""];

/** The messages of the checks, which concern a rule as a whole, count when the rule has no other mistake. */
const kinds: { readonly [Name in RuleKind]: Kind<Omit<Policy[Name][number], "source">> } = {
	ignore: v.pipe(
		v.object(conditions),
		v.check((rule) => isAny(rule), "ignore without any condition would concern every device"),
	),
	deny: v.pipe(
		v.object({ ...conditions, ...asked }),
		v.check((rule) => isAny(rule), "deny without any condition would concern everything"),
	),
	allow: v.pipe(
		v.object({ ...conditions, ...asked }),
		v.check(({ alias, module }) => isAny([alias, module]), "allow must say by module or alias what is allowed"),
	),
	mask: v.pipe(
		v.object({ module: key(listOf(alias)) }),
		v.check(({ module }) => module !== undefined, "mask must say by module what is masked"),
		v.transform(({ module = [] }) => ({ module })),
	),
	load: v.pipe(
		v.object({ ...conditions, load: key(listOf(alias)), own_aliases: key(flag) }),
		v.check(
			({ load, own_aliases }) => load !== undefined || own_aliases === true,
			"load must say by load or own_aliases what is loaded",
		),
		v.check(
			({ subsystem, devpath, property }) => isAny([subsystem, devpath, property]),
			"load must say for which devices by subsystem, devpath or property",
		),
		v.transform(({ action = ["add"], load = [], own_aliases: ownAliases = false, ...rule }) => ({
			...rule,
			action,
			load,
			ownAliases,
		})),
	),
	run: v.pipe(
		v.object({
			...conditions,
			command: key(program),
			timeout_seconds: key(seconds(LONGEST_TIMEOUT_SECONDS)),
			environment: key(listOf(variable)),
		}),
		v.check(({ command }) => command !== undefined, "run must say by command what is run"),
		v.check(({ action }) => action !== undefined, "run must say by action when it is run"),
		v.transform(
			({ command = absent, timeout_seconds: timeout = DEFAULT_TIMEOUT_SECONDS, environment = [], ...rule }) => ({
				...rule,
				command,
				timeoutMilliseconds: Math.round(1000 * timeout),
				environment,
			}),
		),
	),
};

type Kind<Rule> = v.GenericSchema<unknown, Rule> & { readonly entries: v.ObjectEntries };

export const ruleKinds = Object.keys(kinds) as readonly RuleKind[];

/** Parses one rule as a policy. The policy is empty when the rule has mistakes. */
export function parseRule(
	kind: RuleKind,
	table: Table,
	source: Source,
): { value: Policy; mistakes: readonly Mistake[] } {
	const { success, output, issues = [] } = v.safeParse(kinds[kind], table);
	const mistakes = [...listWrongValues(issues), ...listUnknownKeys(table, Object.keys(kinds[kind].entries))];
	if (mistakes.length > 0) return { value: noPolicy, mistakes };
	if (!success) return { value: noPolicy, mistakes: issues.map(({ message }) => ({ message })) };
	return { value: { ...noPolicy, [kind]: [{ ...output, source }] }, mistakes };
}

function listWrongValues(issues: readonly v.BaseIssue<unknown>[]): readonly Mistake[] {
	return issues.flatMap(({ path, message }) => {
		const key = path?.[0].key;
		return typeof key === "string" ? [{ key, message: `${key} ${message}` }] : [];
	});
}

function listUnknownKeys(table: Table, known: readonly string[]): readonly Mistake[] {
	return Object.keys(table)
		.filter((key) => !known.includes(key))
		.map((key) => ({ key, message: `${key} is no key of such a rule; its keys are ${known.join(", ")}` }));
}
