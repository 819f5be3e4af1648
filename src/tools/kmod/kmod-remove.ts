// kmod remove: removes modules, and their dependencies that no other module uses any more.
import type { Module } from "../../libkmod/kmod/module.js";
import { defineTool } from "../command-line/command-line.js";
import { oneLine } from "../command-line/guarded-machine.js";
import type { Options } from "../command-line/options.js";
import { findAsked, type KmodCommand, openCommand, sayFailure } from "./kmod-command.js";
import { messageOptions } from "./small-tool-options.js";

const options = {
	force: { short: "f", help: "Remove even a module that is in use, which may crash the machine" },
	...messageOptions,
} as const satisfies Options;

export const kmodRemove = defineTool({
	name: "kmod remove",
	summary: "Removes modules, and those of their dependencies that no other module needs.",
	usage: ["[OPTION...] MODULE|FILE..."],
	kmod: true,
	options,
	async run({ options: given, operands }, machine) {
		const command = await openCommand("kmod remove", given, machine);
		if (operands.length === 0) command.say("ERROR", "missing module name.");
		let status = operands.length === 0 ? 1 : 0;
		for (const asked of operands) {
			const modules = findAsked(command, asked);
			if (modules.length === 0) status = 1;
			for (const module of modules) if (!(await remove(command, module, given.force))) status = 1;
		}
		return status;
	},
});

async function remove(command: KmodCommand, module: Module, force: boolean): Promise<boolean> {
	const { kmod, machine, printing } = command;
	try {
		await kmod.unprobe(module, {
			force,
			failOnAbsent: true,
			...(printing && {
				onStep: (step) =>
					machine.print(
						`${oneLine(machine, 1, step.how === "run" ? `remove ${step.command}` : `rmmod ${step.module}`)}\n`,
					),
			}),
		});
		return true;
	} catch (error) {
		await sayFailure(command, `remove '${module.name}'`, error);
		return false;
	}
}
