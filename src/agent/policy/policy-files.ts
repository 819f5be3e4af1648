// Which files of policy count, by the rules of modprobe.d(5): a file in /etc hides one of its name that the package ships, and
// what a directory has counts in the order of names. So /etc/hotplugd/rules.d/udev-loads.toml replaces the shipped file, and
// as a link to /dev/null takes it away.
import { bounds } from "../../libkmod/kernel/bounds.js";
import type { Files, Problem } from "../../libkmod/kernel/kernel.js";
import { listConfigurationFiles, readConfigurationFile } from "../../libkmod/knowledge/configuration-files.js";
import { mergePolicies, type Policy } from "./policy.js";

const POLICY_DIRECTORY = "/etc/hotplugd/rules.d";

export type PolicyRead = {
	readonly value: Policy;
	/** A file that cannot be read is one, and so is each rule that is left out. */
	readonly problems: readonly Problem[];
	/** The files whose rules count, in that order. */
	readonly read: readonly string[];
};

export type PolicyDirectories = {
	/** In order of precedence. */
	readonly directories: readonly string[];
	/** By `--policy`: then each must be there. */
	readonly named: boolean;
};

/** Those that were named, or else those of the machine whose root is given: the administrator's and the package's own. */
export function policyDirectories(root: string, rulesDirectory: string, named: readonly string[]): PolicyDirectories {
	if (named.length > 0) return { directories: named, named: true };
	return { directories: [root + POLICY_DIRECTORY, root + rulesDirectory], named: false };
}

/** @param source where uevents come from: a file may be for another source only. */
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

/** Told by its looks, which spares the parser where only the shipped files are there. */
function isForOther(text: string, source: "kernel" | "udev"): boolean {
	const [head = ""] = text.split(/^[ \t]*\[/m);
	const [, named] = /^source *= *"(kernel|udev)"/m.exec(head) ?? [];
	return named !== undefined && named !== source;
}
