// Which files of policy count, by the rules of modprobe.d(5): a file in /etc hides one of its name that the package ships, and
// what a directory has counts in the order of names. So /etc/hotplugd/rules.d/udev-loads.toml replaces the shipped file, and
// as a link to /dev/null takes it away.
import { bounds } from "../libkmod/bounds.js";
import { listConfigurationFiles, readConfigurationFile } from "../libkmod/configuration-files.js";
import type { Files, Problem } from "../libkmod/kernel.js";
import { mergePolicies, type Policy } from "./policy.js";

export const POLICY_DIRECTORY = "/etc/hotplugd/rules.d";

export type PolicyRead = {
	readonly value: Policy;
	/** A file that cannot be read is one, and so is each rule that is left out. */
	readonly problems: readonly Problem[];
	/** The files whose rules count, in that order. */
	readonly read: readonly string[];
};

/** @param directories in order of precedence. @param source where uevents come from: a file may be for another source only. */
export async function readPolicy(
	files: Files,
	directories: readonly string[],
	source: "kernel" | "udev",
): Promise<PolicyRead> {
	const problems: Problem[] = [];
	const policies: Policy[] = [];
	const read: string[] = [];
	for (const path of listConfigurationFiles(files, { directories, suffix: ".toml" }, problems)) {
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

/** Told by its looks, which spares the parser where only the shipped files are there. */
function isForOther(text: string, source: "kernel" | "udev"): boolean {
	const [head = ""] = text.split(/^[ \t]*\[/m);
	const [, named] = /^source *= *"(kernel|udev)"/m.exec(head) ?? [];
	return named !== undefined && named !== source;
}
