// Reports the problems of modprobe's configuration, and reads the one setting of hotplugd that concerns modprobe.
import { bounds } from "../../libkmod/kernel/bounds.js";
import { type Files, type Problem, Refusal } from "../../libkmod/kernel/kernel.js";
import type { Machine } from "../../ports/machine.js";
import { oneLine } from "../command-line/guarded-machine.js";
import type { Say } from "../command-line/messages.js";

/**
 * Reports the problems of the configuration. libkmod reads the configuration before -q and -s take effect, so a problem that
 * libkmod reports goes to standard error whatever the options are. A problem that libkmod does not report is an ordinary warning.
 */
export function reportConfiguration(problems: readonly Problem[], machine: Machine, say: Say): void {
	for (const problem of problems) {
		const text = asLibkmodSays(problem);
		if (text !== undefined) machine.complain(`libkmod: ERROR: ${oneLine(machine, 2, text)}\n`);
		else say("WARNING", `${problem.file}: ${problem.message}`);
	}
}

/** libkmod's text for a problem. Undefined when the problem is about a whole file and libkmod does not report that kind. */
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

/**
 * The setting `honour_every_line` of hotplugd's settings file; false when there is no such file. The machine provides the parser,
 * which is loaded only when the file exists.
 */
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
