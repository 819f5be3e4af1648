// `modprobe --json`: JSON, one record a line. A later version may add keys to a record, and removes none.

import { listEntries } from "../../libkmod/formats/index-file.js";
import type { Source } from "../../libkmod/formats/modprobe-config.js";
import type { Kmod } from "../../libkmod/kmod/kmod.js";
import type { Blacklisted } from "../../libkmod/kmod/probe.js";
import type { IndexKind } from "../../libkmod/knowledge/indexes.js";
import { lookUp, type MatchPlace } from "../../libkmod/knowledge/lookup.js";
import type { Cause, Step } from "../../libkmod/planning/plan-insertion.js";
import { formatJson } from "../../libkmod/text/byte-strings.js";

/** A line of -R: a module that `asked` stands for; `via` is the place and `pattern` the pattern that matched. */
export type AliasRecord = {
	readonly asked: string;
	readonly module: string;
	readonly via: MatchPlace | "file";
	readonly pattern: string;
	readonly source?: Source;
};

/** A line of -D: a step, or, in place of the step of a blacklisted module, the configuration line that blacklists it. */
export type StepRecord = { readonly asked: string; readonly module: string } & (
	| {
			readonly how: "insert";
			readonly path: string;
			readonly parameters: string;
			readonly because: Cause["kind"];
			readonly of?: string;
	  }
	| {
			readonly how: "run";
			readonly command: string;
			readonly parameters: string;
			readonly because: Cause["kind"];
			readonly of?: string;
			readonly source: Source;
	  }
	| { readonly how: "builtin" | "missing" | "masked"; readonly because: Cause["kind"]; readonly of?: string }
	| { readonly how: "blacklisted"; readonly source: Source }
);

/** A line of -c: a configuration line with its file and line number, or an entry of an index. */
export type ConfigRecord = { readonly kind: string } & Readonly<Record<string, unknown>>;

export function formatRecords(records: readonly object[]): string {
	return records.map((record) => `${formatJson(record)}\n`).join("");
}

export function aliasRecords(kmod: Kmod, asked: string): AliasRecord[] {
	return lookUp(kmod.knowledge(), asked).map((found) => ({ asked, ...found }));
}

export function stepRecord(asked: string, step: Step): StepRecord {
	const { module, parameters, cause } = step;
	const reason = { because: cause.kind, ...("of" in cause && { of: cause.of }) };
	switch (step.how) {
		case "insert":
			return { asked, module, how: step.how, path: step.path, parameters, ...reason };
		case "run":
			return { asked, module, how: step.how, command: step.command, parameters, ...reason, source: step.source };
		default:
			return { asked, module, how: step.how, ...reason };
	}
}

export function blacklistRecord(asked: string, { module, source }: Blacklisted): StepRecord {
	return { asked, module, how: "blacklisted", source };
}

const indexes: readonly IndexKind[] = ["aliases", "symbols"];

export function configRecords({ configuration, knowledge }: Kmod): ConfigRecord[] {
	const named = (kind: string, lines: readonly object[]) => lines.map((line) => ({ kind, ...line }));
	return [
		...named("blacklist", configuration.blacklist),
		...named("install", configuration.install),
		...named("remove", configuration.remove),
		...named("alias", configuration.aliases),
		...named("options", configuration.options),
		...named("softdep", configuration.softdeps),
		...named("weakdep", configuration.weakdeps),
		...indexes.flatMap((kind) => {
			const index = knowledge().indexes[kind];
			const entries = index === undefined ? [] : [...listEntries(index)];
			return entries.map(({ key, value }) => ({ kind: `index of ${kind}`, pattern: key, module: value }));
		}),
	];
}
