// kmod insert: inserts a module, given by name or file, with its dependencies.
import type { Module } from "../../libkmod/kmod/module.js";
import type { ProbeOptions } from "../../libkmod/kmod/probe.js";
import { defineTool } from "../command-line/command-line.js";
import { oneLine } from "../command-line/guarded-machine.js";
import type { Options } from "../command-line/options.js";
import { explainLeftOut } from "../modprobe/explain.js";
import { joinParameters } from "../modprobe/parameters.js";
import { insertFlags } from "./insmod.js";
import { findAsked, type KmodCommand, openCommand, sayFailure } from "./kmod-command.js";
import { forceOptions, messageOptions } from "./small-tool-options.js";

const options = { ...forceOptions, ...messageOptions } as const satisfies Options;

export const kmodInsert = defineTool({
	name: "kmod insert",
	summary: "Inserts a module, named or from a file, with all modules that it needs.",
	usage: ["[OPTION...] MODULE|FILE [PARAMETER=VALUE...]"],
	kmod: true,
	options,
	async run({ options: given, operands: [asked, ...words] }, machine) {
		const command = await openCommand("kmod insert", given, machine);
		if (asked === undefined) {
			command.say("ERROR", "missing module name.");
			return 1;
		}
		const modules = findAsked(command, asked);
		const probing: ProbeOptions = { ...insertFlags(given), blacklist: "alias only", ...printSteps(command) };
		let status = modules.length === 0 ? 1 : 0;
		for (const module of modules) if (!(await insert(command, module, joinParameters(words), probing))) status = 1;
		return status;
	},
});

function printSteps({ machine, printing }: KmodCommand): ProbeOptions {
	if (!printing) return {};
	return {
		onStep(step) {
			const print = (line: string): void => machine.print(`${oneLine(machine, 1, line)}\n`);
			if (step.how === "insert") print(`insmod ${step.path} ${step.parameters}`);
			else if (step.how === "run") print(`install ${step.command} ${step.parameters}`);
		},
	};
}

async function insert(
	command: KmodCommand,
	module: Module,
	parameters: string,
	probing: ProbeOptions,
): Promise<boolean> {
	const { kmod, say, printing } = command;
	try {
		for (const needed of await listOwnNeeds(command, module)) await kmod.probe(needed, printSteps(command));
		const probed = await kmod.probe(module, { ...probing, parameters });
		if (printing || probed.blacklisted.length > 0)
			for (const why of explainLeftOut(kmod, module, probed)) say("NOTICE", why);
		return true;
	} catch (error) {
		await sayFailure(command, `insert '${module.name}'`, error);
		return false;
	}
}

/** The dependencies of a file that modules.dep does not list, from the file's own `depends` field. Empty for a listed module. */
async function listOwnNeeds({ kmod }: KmodCommand, module: Module): Promise<readonly string[]> {
	if (module.path === undefined || kmod.knowledge().file(module.name) !== undefined) return [];
	const info = await kmod.info(module);
	return (info.find(({ key }) => key === "depends")?.value ?? "").split(",").filter((name) => name !== "");
}
