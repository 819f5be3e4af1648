// hotplugd check: reads the files that the agent would read (settings, policy, modprobe's configuration and depmod's indexes) and
// reports whether the agent could work with them. Each problem is printed as one line, with its file and line number.

import { policyDirectories } from "../../agent/policy/policy-files.js";
import { type Checker, makeChecker } from "../../agent/settings/check.js";
import { listCheckRecords } from "../../agent/telling/check-record.js";
import type { Kernel } from "../../libkmod/kernel/kernel.js";
import { modprobeDirectories } from "../../libkmod/knowledge/configuration.js";
import { formatJson } from "../../libkmod/text/byte-strings.js";
import type { Machine } from "../../ports/machine.js";
import { defineTool } from "../command-line/command-line.js";
import type { Options, Values } from "../command-line/options.js";
import { agentOptions, moduleDirectoryOf, namedRoot, otherModules } from "./agent-options.js";
import { openMachine } from "./named-places.js";
import { complainOf, formatProblem } from "./start-failure.js";
import { SETTINGS_FILE } from "./start-settings.js";

const options = {
	json: { help: "Print JSON, one record a line" },
	...agentOptions,
} as const satisfies Options;

const exitStatus = { right: 0, problems: 1, usage: 2 } as const;

export const check = defineTool({
	name: "hotplugd check",
	summary: "Tells what is wrong with settings, rules, modprobe's configuration and the indexes, with file and line.",
	usage: ["[OPTION...]", "[OPTION...] FILE..."],
	options,
	captured: { ...otherModules, hostOperands: true, needsIndexes: ({ operands }) => operands.length === 0 },
	async run({ options: given, operands }, machine) {
		try {
			return await checkAll(given, operands, machine);
		} catch (error) {
			return complainOf(error, "hotplugd check", machine);
		}
	},
});

type Given = Values<typeof options>;

async function checkAll(asked: Given, operands: readonly string[], machine: Machine): Promise<number> {
	const { kernel, given } = await openMachine(machine, asked);
	// A capture holds no programs.
	const checker = makeChecker(kernel, { withPrograms: machine.captured === undefined });
	if (operands.length > 0) for (const file of operands) checker.file(file, given.config);
	else checkMachine(checker, given, kernel, machine.rulesDirectory);
	tell(checker, given.json, machine);
	return checker.problems.length === 0 ? exitStatus.right : exitStatus.problems;
}

function checkMachine(checker: Checker, given: Given, kernel: Kernel, rulesDirectory: string): void {
	const root = namedRoot(given);
	checker.settings(given.config ?? root + SETTINGS_FILE, given.config !== undefined);
	checker.policy(policyDirectories(root, rulesDirectory, given.policy), root);
	checker.modules({
		root,
		moduleDirectory: moduleDirectoryOf(kernel, given),
		directories: modprobeDirectories.map((directory) => root + directory),
		...(given.configPath.length > 0 && { configPaths: given.configPath }),
		// With -d the file is that machine's own. With -S alone it is left out: another kernel may be booted with another command
		// line.
		...((root !== "" || given.setVersion === undefined) && { commandLineFile: `${root}/proc/cmdline` }),
	});
}

function tell({ problems, checked }: Checker, json: boolean, machine: Machine): void {
	if (json) {
		const records = listCheckRecords({ checked, problems });
		machine.print(records.map((record) => `${formatJson(record)}\n`).join(""));
	} else {
		machine.print(problems.map((problem) => `${formatProblem(problem)}\n`).join(""));
		machine.print(`${count(problems.length, "problem")} in ${count(checked.length, "file")}\n`);
	}
}

function count(number: number, what: string): string {
	return `${number === 0 ? "no" : number} ${what}${number === 1 ? "" : "s"}`;
}
