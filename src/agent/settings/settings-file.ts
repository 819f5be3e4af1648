// The settings file, in TOML. Imported only when such a file exists.
import * as v from "valibot";
import type { Problem } from "../../libkmod/kernel/kernel.js";
import { parseToml } from "../policy/toml-file.js";
import { listFirstLines } from "../policy/toml-lines.js";
import { defaultSettings, type Settings } from "./settings.js";
import { settingsTable } from "./settings-table.js";

/**
 * Parses a settings file's bytes; strings of the settings are bytes too. A wrong value keeps its default and is a problem with
 * its line.
 */
export function parseSettings(file: string, bytes: string): { value: Settings; problems: readonly Problem[] } {
	const { table, statements, problems: ofToml } = parseToml(file, bytes);
	const lines = listFirstLines(statements);
	const value = { ...defaultSettings };
	const problems = [...ofToml];
	for (const [key, given] of Object.entries(table)) {
		const message = isSetting(key) ? set(value, key, given) : `${key} is no setting; the keys are ${keys.join(", ")}`;
		if (message !== undefined) problems.push({ file, line: lines.get(key) ?? 0, message });
	}
	return { value, problems };
}

type Setting<Value> = {
	readonly range: string;
	readonly sentence: string;
	readonly schema: v.GenericSchema<unknown, Value>;
};

const settings: { readonly [Key in keyof Settings]: Setting<Settings[Key]> } = settingsTable;

const isSetting = (key: string): key is keyof Settings => Object.hasOwn(settings, key);

const keys = Object.keys(settings).filter(isSetting);

/** Sets the value when the setting accepts it. Returns a sentence otherwise. */
function set<Key extends keyof Settings>(
	values: { -readonly [Name in Key]: Settings[Name] },
	key: Key,
	given: unknown,
): string | undefined {
	const { range, schema } = settings[key];
	const parsed = v.safeParse(schema, given, { abortEarly: true });
	if (!parsed.success) return `${key} must be ${range}`;
	values[key] = parsed.output;
	return undefined;
}

/** Formats the reference file: every key, its default, one sentence. */
export function formatReference(): string {
	const entries = keys.map((key) => {
		const { sentence, range } = settings[key];
		return `# ${sentence}\n# It is ${range}.\n${key} = ${JSON.stringify(defaultSettings[key])}\n`;
	});
	return `# hotplugd's settings, each with its default. Read from --config FILE, else from /etc/hotplugd.toml where there is one.\n\n${entries.join("\n")}`;
}
