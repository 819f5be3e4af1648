// A policy file, in TOML like the settings. Each rule is a table in an array named after its kind: [[deny]]. Imported only when
// such a file exists.
import * as v from "valibot";
import type { Problem } from "../../libkmod/kernel/kernel.js";
import { mergePolicies, noPolicy, type Policy } from "./policy.js";
import { parseRule, type RuleKind, ruleKinds } from "./policy-rules.js";
import { parseToml, tomlTable } from "./toml-file.js";
import { listFirstLines, type Statement } from "./toml-lines.js";

export type PolicyFile = {
	readonly policy: Policy;
	/** The rules count only when uevents come from this source. Undefined when they always count. */
	readonly source: "kernel" | "udev" | undefined;
};

/**
 * Parses a file's bytes; strings of the result are bytes too. A rule with a mistake is left out, and each mistake is a problem
 * with its line.
 */
export function parsePolicy(file: string, bytes: string): { value: PolicyFile; problems: readonly Problem[] } {
	const { table, statements, problems: ofToml } = parseToml(file, bytes);
	const places = locate(statements);
	const problems = [...ofToml];
	const policies: Policy[] = [];
	for (const [key, value] of Object.entries(table)) {
		const line = places.keys.get(key) ?? 0;
		if (isKind(key)) policies.push(parseRules(key, value, places.rules.get(key) ?? [], { file, line, problems }));
		else if (key !== "source")
			problems.push({ file, line, message: `${key} is no kind of rule; there are ${ruleKinds.join(", ")}` });
		else if (!v.is(source, value)) problems.push({ file, line, message: "source must be kernel or udev" });
	}
	const named = v.is(source, table.source) ? table.source : undefined;
	return { value: { policy: mergePolicies(policies), source: named }, problems };
}

const isKind = (key: string): key is RuleKind => ruleKinds.some((kind) => kind === key);

const source = v.picklist(["kernel", "udev"]);

const rulesOfKind = v.array(tomlTable());

type Parsing = { readonly file: string; readonly line: number; readonly problems: Problem[] };

function parseRules(
	kind: RuleKind,
	value: unknown,
	places: readonly Place[],
	{ file, line, problems }: Parsing,
): Policy {
	if (!v.is(rulesOfKind, value)) {
		problems.push({ file, line, message: `${kind} must be a list of tables: [[${kind}]]` });
		return noPolicy;
	}
	const rules = value.map((table, index) => {
		const place = places[index] ?? { line, keys: new Map<string, number>() };
		const { value: rule, mistakes } = parseRule(kind, table, { file, line: place.line });
		for (const { key, message } of mistakes)
			problems.push({ file, line: (key !== undefined && place.keys.get(key)) || place.line, message });
		return rule;
	});
	return mergePolicies(rules);
}

/** The line where a rule begins, and the line where each of its keys first appears. */
type Place = { readonly line: number; readonly keys: Map<string, number> };

function locate(statements: readonly Statement[]) {
	const rules = new Map<string, Place[]>();
	let within: Place | undefined;
	for (const { kind, path, line, elements } of statements) {
		const [first = "", second] = path;
		if (kind === "value" && within !== undefined) noteFirst(within.keys, first, line);
		if (kind === "table" && second !== undefined) {
			// A table inside a rule, such as [deny.property]: its keys are not the rule's.
			const rule = rules.get(first)?.at(-1);
			if (rule !== undefined) noteFirst(rule.keys, second, line);
			within = { line, keys: new Map() };
		} else if (kind !== "value") {
			within = { line, keys: new Map() };
			if (path.length === 1) placesOf(rules, first).push(within);
		} else if (within === undefined) {
			const places = placesOf(rules, first);
			for (const element of elements) places.push({ line: element, keys: new Map() });
		}
	}
	return { keys: listFirstLines(statements), rules };
}

function noteFirst(lines: Map<string, number>, key: string, line: number): void {
	if (!lines.has(key)) lines.set(key, line);
}

function placesOf(rules: Map<string, Place[]>, kind: string): Place[] {
	const places = rules.get(kind) ?? [];
	rules.set(kind, places);
	return places;
}
