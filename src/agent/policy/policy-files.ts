// Selects the policy files, by the precedence of modprobe.d(5): a file in /etc hides a file of the same name that the package
// ships, and the files count in the order of their names. So a file /etc/hotplugd/rules.d/udev-loads.toml replaces the shipped
// file, and a link of that name to /dev/null takes the shipped file away.
import { bounds } from "../../libkmod/kernel/bounds.js";
import type { Files, Problem } from "../../libkmod/kernel/kernel.js";
import { listConfigurationFiles, readConfigurationFile } from "../../libkmod/knowledge/configuration-files.js";
import { mergePolicies, type Policy } from "./policy.js";

const POLICY_DIRECTORY = "/etc/hotplugd/rules.d";

export type PolicyRead = {
	readonly value: Policy;
	/** One for each file that cannot be read, and one for each mistake in a rule. */
	readonly problems: readonly Problem[];
	/** The files whose rules count, in the order in which they count. */
	readonly read: readonly string[];
};

export type PolicyDirectories = {
	/** In order of precedence. */
	readonly directories: readonly string[];
	/** Whether `--policy` named them: each must then exist. */
	readonly named: boolean;
};

/** Returns the named directories, or else those below the given root: the administrator's and the package's own. */
export function policyDirectories(root: string, rulesDirectory: string, named: readonly string[]): PolicyDirectories {
	if (named.length > 0) return { directories: named, named: true };
	return { directories: [root + POLICY_DIRECTORY, root + rulesDirectory], named: false };
}

/** @param source where uevents come from: a file may be restricted to one source */
export async function readPolicy(
	files: Files,
	where: PolicyDirectories,
	source: "kernel" | "udev",
): Promise<PolicyRead> {
	const problems: Problem[] = [];
	const policies: Policy[] = [];
	const read: string[] = [];
	for (const path of listConfigurationFiles(files, { ...where, suffix: ".toml" }, problems)) {
		const text = readConfigurationFile(files, path, problems, bounds.settings);
		if (text === undefined || text === "" || isForOther(text, source)) continue;
		const { parsePolicy } = await import("./policy-file.js");
		const { value, problems: ofFile } = parsePolicy(path, text);
		for (const problem of ofFile) problems.push(problem);
		if (value.source !== undefined && value.source !== source) continue;
		read.push(path);
		policies.push(value.policy);
	}
	return { value: mergePolicies(policies), problems, read };
}

/**
 * Guesses from the text whether the file is for another source, which avoids loading the TOML parser when only the shipped files
 * exist.
 */
function isForOther(text: string, source: "kernel" | "udev"): boolean {
	const [head = ""] = text.split(/^[ \t]*\[/m);
	const [, named] = /^source *= *"(kernel|udev)"/m.exec(head) ?? [];
	return named !== undefined && named !== source;
}
