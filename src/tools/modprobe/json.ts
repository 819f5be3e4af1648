// `modprobe --json`: JSON, one record a line. A later version may add keys to a record, and removes none.

import { listEntries } from "../../libkmod/formats/index-file.js";
import type {
	AliasLine,
	BlacklistLine,
	CommandLine,
	OptionsLine,
	SoftdepLine,
	Source,
	WeakdepLine,
} from "../../libkmod/formats/modprobe-config.js";
import type { Kmod } from "../../libkmod/kmod/kmod.js";
import type { Blacklisted } from "../../libkmod/kmod/probe.js";
import type { IndexKind } from "../../libkmod/knowledge/indexes.js";
import { lookUp, type MatchPlace } from "../../libkmod/knowledge/lookup.js";
import type { Cause, Step } from "../../libkmod/planning/plan-insertion.js";
import { formatJson } from "../../libkmod/text/byte-strings.js";

/** A line of modprobe -R --json: a module that a name or alias stands for. Repeats are kept. */
export type AliasRecord = {
	/** The name, alias or path as it was given. */
	readonly asked: string;
	/** The module that `asked` stands for. */
	readonly module: string;
	/** Where the module was found. A command line is an install or remove line of modprobe.d. */
	readonly via: MatchPlace | "file";
	/** The pattern that matched there. */
	readonly pattern: string;
	/** The line of modprobe.d that matched, where one did. */
	readonly source?: Source;
};

/** A line of modprobe -D --json: a step of what would be done, in order. Repeats are kept. */
export type DependsRecord = {
	/** The name, alias or path as it was given. */
	readonly asked: string;
	/** The module that the step is about. */
	readonly module: string;
} & ((DependsAction & DependsReason) | DependsRefusal);

type DependsAction =
	| {
			/** The module's file is inserted. */
			readonly how: "insert";
			/** The absolute path of the module's file. */
			readonly path: string;
			/** The module's parameters; empty if there are none. */
			readonly parameters: string;
	  }
	| {
			/** An install command is run instead. */
			readonly how: "run";
			/** The command, as it stands in modprobe.d. */
			readonly command: string;
			/** The parameters that replace `$CMDLINE_OPTS`. */
			readonly parameters: string;
			/** The install line. */
			readonly source: Source;
	  }
	| {
			/** Nothing is done: the module is built in. */
			readonly how: "builtin";
	  }
	| {
			/** Nothing is done: the module has no file, or a rule of the agent's policy, of which modprobe knows none, masks it. */
			readonly how: "missing" | "masked";
	  };

type DependsReason = {
	/** The module was asked for by its name or by an alias, another module needs it, or a softdep names it. */
	readonly because: Cause["kind"];
	/** The module that needs this one or has the softdep. */
	readonly of?: string;
};

type DependsRefusal = {
	/** Nothing is done: the configuration blacklists the module. */
	readonly how: "blacklisted";
	/** The line that blacklists the module. */
	readonly source: Source;
};

/** A line of modprobe -c --json: a line of the configuration, or an entry of an index. */
export type ConfigRecord =
	| ({
			/** A line of modprobe.d, or modprobe.blacklist= on the kernel command line. */
			readonly kind: "blacklist";
	  } & BlacklistLine)
	| ({
			/** A line of modprobe.d. */
			readonly kind: "install" | "remove";
	  } & CommandLine)
	| ({
			/** A line of modprobe.d. */
			readonly kind: "alias";
	  } & AliasLine)
	| ({
			/** A line of modprobe.d, or MODULE.PARAMETER on the kernel command line. */
			readonly kind: "options";
	  } & OptionsLine)
	| ({
			/** A line of modprobe.d or of modules.softdep. */
			readonly kind: "softdep";
	  } & SoftdepLine)
	| ({
			/** A line of modprobe.d or of modules.weakdep. */
			readonly kind: "weakdep";
	  } & WeakdepLine)
	| {
			/** An entry of modules.alias.bin or modules.symbols.bin. */
			readonly kind: "index of aliases" | "index of symbols";
			/** The alias. */
			readonly pattern: string;
			/** The module that has the alias. */
			readonly module: string;
	  };

export function formatRecords(records: readonly object[]): string {
	return records.map((record) => `${formatJson(record)}\n`).join("");
}

export function aliasRecords(kmod: Kmod, asked: string): AliasRecord[] {
	return lookUp(kmod.knowledge(), asked).map((found) => ({ asked, ...found }));
}

export function stepRecord(asked: string, step: Step): DependsRecord {
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

export function blacklistRecord(asked: string, { module, source }: Blacklisted): DependsRecord {
	return { asked, module, how: "blacklisted", source };
}

const indexes = ["aliases", "symbols"] as const satisfies readonly IndexKind[];

export function configRecords({ configuration, knowledge }: Kmod): ConfigRecord[] {
	const named = <Kind extends string, Line extends object>(kind: Kind, lines: readonly Line[]) =>
		lines.map((line) => ({ kind, ...line }));
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
			return entries.map(({ key, value }) => ({ kind: `index of ${kind}` as const, pattern: key, module: value }));
		}),
	];
}
