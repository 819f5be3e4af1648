// The settings that coldplug and the daemon start with: of the file that --config names, or of /etc/hotplugd.toml.

import { DEFAULTS_COUNT, defaultSettings, type Settings } from "../../agent/settings/settings.js";
import { exitStatus } from "../../agent/telling/exit-status.js";
import { bounds } from "../../libkmod/kernel/bounds.js";
import { type Files, type Kernel, type Problem, Refusal } from "../../libkmod/kernel/kernel.js";
import { leadsNowhere } from "../../libkmod/kernel/presence.js";
import { type AgentOptions, namedRoot } from "./agent-options.js";
import { formatProblem, StartFailure } from "./start-failure.js";

export const SETTINGS_FILE = "/etc/hotplugd.toml";

/** @throws {StartFailure} */
export async function readSettings(
	kernel: Kernel,
	{ config: file, dirname }: Pick<AgentOptions, "config" | "dirname">,
): Promise<Settings> {
	const path = file ?? namedRoot({ dirname }) + SETTINGS_FILE;
	let text: string | undefined;
	try {
		text = kernel.read(path, { ...bounds.settings, named: file !== undefined })?.toString("latin1");
	} catch (error) {
		throw new StartFailure(`could not read the settings in ${path}: ${codeOf(error)}`, exitStatus.usage);
	}
	if (text === undefined) {
		if (file !== undefined) throw new StartFailure(`there is no settings file ${file}`, exitStatus.usage);
		return defaultSettings;
	}
	const { parseSettings } = await import("../../agent/settings/settings-file.js");
	const { value, problems } = parseSettings(path, text);
	if (problems.length > 0) throw new StartFailure(problems.map(formatProblem), exitStatus.usage);
	return value;
}

/** A settings file that is a dangling symbolic link does not stop the start: the defaults count, and a problem says so. */
export function listSettingsProblems(files: Files, options: AgentOptions): readonly Problem[] {
	const file = namedRoot(options) + SETTINGS_FILE;
	const toNowhere = options.config === undefined && leadsNowhere(files, file);
	return toNowhere ? [{ file, line: 0, message: DEFAULTS_COUNT }] : [];
}

function codeOf(error: unknown): string {
	return error instanceof Refusal ? error.why : String(error);
}
