// A settings file in TOML (toml.io, 1.0), which has comments, cannot run anything, and whose parser tells the line of an error.
// Imported only when such a file exists.
import { parse, TomlError } from "smol-toml";
import type { Problem } from "../../libkmod/kernel/kernel.js";
import { bytesOf, mapStrings, textOf } from "../../libkmod/text/byte-strings.js";
import { defaultSettings, type Settings, settingsTable } from "./settings.js";

/**
 * Parses a settings file's bytes; strings of the settings are bytes too. A wrong value keeps its default and is a problem with
 * its line.
 */
export function parseSettings(file: string, bytes: string): { value: Settings; problems: readonly Problem[] } {
	const text = textOf(bytes);
	let given: Record<string, unknown>;
	try {
		given = mapStrings(parse(text), bytesOf) as Record<string, unknown>;
	} catch (error) {
		if (!(error instanceof TomlError)) throw error;
		const [why] = error.message.replace(/^Invalid TOML document: /, "").split("\n");
		return { value: defaultSettings, problems: [{ file, line: error.line, message: bytesOf(why ?? "not TOML") }] };
	}
	const value: Record<string, unknown> = { ...defaultSettings };
	const problems: Problem[] = [];
	const lines = firstLines(text);
	for (const [key, wanted] of Object.entries(given)) {
		const setting = Object.hasOwn(settingsTable, key) ? settingsTable[key as keyof Settings] : undefined;
		const line = lines.get(textOf(key)) ?? 0;
		if (setting === undefined)
			problems.push({
				file,
				line,
				message: `${key} is no setting; the keys are ${Object.keys(settingsTable).join(", ")}`,
			});
		else if (!setting.accepts(wanted)) problems.push({ file, line, message: `${key} must be ${setting.range}` });
		else value[key] = wanted;
	}
	return { value: value as Settings, problems };
}

/** Formats the reference file: every key, its default, one sentence. */
export function formatReference(): string {
	const entries = Object.entries(settingsTable).map(
		([key, { value, sentence, range }]) => `# ${sentence}\n# It is ${range}.\n${key} = ${JSON.stringify(value)}\n`,
	);
	return `# hotplugd's settings, each with its default. Read from --config FILE, else from /etc/hotplugd.toml where there is one.\n\n${entries.join("\n")}`;
}

/** The line where each key of the file's top level first appears, alone or as the name of a table. */
function firstLines(text: string): ReadonlyMap<string, number> {
	const lines = new Map<string, number>();
	for (const [place, line] of text.split("\n").entries()) {
		const key = keyOf(line);
		if (key !== undefined && !lines.has(key)) lines.set(key, place + 1);
	}
	return lines;
}

function keyOf(line: string): string | undefined {
	const [, bare, literal, basic] = /^\s*(?:\[{1,2}\s*)?(?:([\w-]+)|'([^']*)'|("(?:[^"\\]|\\.)*"))/.exec(line) ?? [];
	return bare ?? literal ?? (basic && unquote(basic));
}

function unquote(basic: string): string | undefined {
	try {
		return Object.keys(parse(`${basic} = 0`))[0];
	} catch {
		// The text only looks like a key.
		return undefined;
	}
}
