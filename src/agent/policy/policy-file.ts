// A policy file in TOML (toml.io, 1.0), like the settings: rules have comments, reading a file runs nothing, and a mistake has a
// line. Each rule is a table in an array named after its kind: [[deny]]. Imported only when such a file exists.
import { parse, TomlError } from "smol-toml";
import type { Problem } from "../../libkmod/kernel/kernel.js";
import { bytesOf, mapStrings, textOf } from "../../libkmod/text/byte-strings.js";
import { mergePolicies, noPolicy, type Policy } from "./policy.js";
import { parseRule, type RuleKind, ruleKinds } from "./policy-rules.js";
import { isTable } from "./policy-values.js";
import { listStatements, type Statement } from "./toml-lines.js";

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
	const text = textOf(bytes);
	let given: Record<string, unknown>;
	try {
		given = mapStrings(parse(text), bytesOf) as Record<string, unknown>;
	} catch (error) {
		if (!(error instanceof TomlError)) throw error;
		const [why] = error.message.replace(/^Invalid TOML document: /, "").split("\n");
		const problem = { file, line: error.line, message: bytesOf(why ?? "not TOML") };
		return { value: { policy: noPolicy, source: undefined }, problems: [problem] };
	}
	const places = locate(listStatements(bytes));
	const problems: Problem[] = [];
	const policies: Policy[] = [];
	for (const [key, value] of Object.entries(given)) {
		const line = places.keys.get(key) ?? 0;
		if (isKind(key)) policies.push(parseRules(key, value, places.rules.get(key) ?? [], { file, line, problems }));
		else if (key !== "source")
			problems.push({ file, line, message: `${key} is no kind of rule; there are ${ruleKinds.join(", ")}` });
		else if (!isSource(value)) problems.push({ file, line, message: "source must be kernel or udev" });
	}
	const { source } = given;
	return { value: { policy: mergePolicies(policies), source: isSource(source) ? source : undefined }, problems };
}

const isKind = (key: string): key is RuleKind => ruleKinds.some((kind) => kind === key);

const isSource = (value: unknown): value is "kernel" | "udev" => value === "kernel" || value === "udev";

type Parsing = { readonly file: string; readonly line: number; readonly problems: Problem[] };

function parseRules(
	kind: RuleKind,
	value: unknown,
	places: readonly Place[],
	{ file, line, problems }: Parsing,
): Policy {
	if (!Array.isArray(value) || !value.every(isTable)) {
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
	const keys = new Map<string, number>();
	const rules = new Map<string, Place[]>();
	let within: Place | undefined;
	for (const { kind, path, line, elements } of statements) {
		const [first = "", second] = path;
		if (kind === "value" && within !== undefined) noteFirst(within.keys, first, line);
		else noteFirst(keys, first, line);
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
	return { keys, rules };
}

function noteFirst(lines: Map<string, number>, key: string, line: number): void {
	if (!lines.has(key)) lines.set(key, line);
}

function placesOf(rules: Map<string, Place[]>, kind: string): Place[] {
	const places = rules.get(kind) ?? [];
	rules.set(kind, places);
	return places;
}
