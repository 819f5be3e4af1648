// What modprobe says of its configuration, and the one setting of hotplugd's own that concerns it.
import { bounds } from "../../libkmod/kernel/bounds.js";
import { type Files, type Problem, Refusal } from "../../libkmod/kernel/kernel.js";
import type { Machine } from "../../ports/machine.js";
import { oneLine } from "../command-line/guarded-machine.js";
import type { Say } from "../command-line/messages.js";

/**
 * kmod's library reads the configuration before -q or -s can reach it: what it has to say goes to standard error, whatever was
 * asked for. What it says nothing of is a warning like any other.
 */
export function reportConfiguration(problems: readonly Problem[], machine: Machine, say: Say): void {
	for (const problem of problems) {
		const text = asLibkmodSays(problem);
		if (text !== undefined) machine.complain(`libkmod: ERROR: ${oneLine(machine, 2, text)}\n`);
		else say("WARNING", `${problem.file}: ${problem.message}`);
	}
}

/** Undefined for a problem of a whole file, and of no kind that kmod tells. */
function asLibkmodSays({ file, line, message, kind }: Problem): string | undefined {
	switch (kind) {
		case "deprecated":
			return `${file}: ${message}`;
		case "nested":
			return `${message}: ${file}`;
		case "dangling":
			return `${file} ${message}`;
		case "parameter":
			return message;
		default:
			return line > 0 ? `${file} line ${line}: ${message}` : undefined;
	}
}

const SETTINGS_FILE = "/etc/hotplugd.toml";

/** As hotplugd's settings say: the machine has their parser, which is loaded only where there are some. */
export async function honoursEveryLine(
	files: Files,
	{ parseSettings }: Pick<Machine, "parseSettings">,
	say: Say,
): Promise<boolean> {
	const text = readText(files, SETTINGS_FILE, say);
	if (text === undefined) return false;
	const { value, problems } = await parseSettings(SETTINGS_FILE, text);
	for (const { file, line, message } of problems) say("WARNING", `${file} line ${line}: ${message}`);
	return value.honour_every_line;
}

function readText(files: Files, path: string, say: Say): string | undefined {
	try {
		return files.read(path, bounds.settings)?.toString("latin1");
	} catch (error) {
		if (!(error instanceof Refusal)) throw error;
		say("WARNING", `could not read the settings in ${path}: ${error.why}`);
		return undefined;
	}
}
