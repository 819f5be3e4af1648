// modprobe -r: removes the modules that a name or alias stands for, and the dependencies that no module uses any more.
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { CommandFailure, Unremovable } from "../../libkmod/kmod/failures.js";
import type { Module } from "../../libkmod/kmod/module.js";
import { findModules } from "../../libkmod/kmod/modules.js";
import type { UnprobeOptions } from "../../libkmod/kmod/unprobe.js";
import { oneLine } from "../command-line/guarded-machine.js";
import { type Call, giveUp, isOfReader } from "./call.js";
import { parseWait } from "./options.js";

/** Removes the modules of the operands. @returns the exit status. @throws {Fatal} */
export async function remove(call: Call): Promise<number> {
	let status = 0;
	for (const operand of call.operands) {
		const modules = findModules(call.kmod.knowledge(), operand);
		if (modules.length === 0) {
			giveUp(call, `Module ${operand} not found.`);
			status = 1;
		}
		if (!(await unprobeAll(call, modules))) status = 1;
	}
	return status;
}

/** Removes the modules in order. The first that cannot be removed ends the loop, as in kmod. @returns whether all were removed */
async function unprobeAll(call: Call, modules: readonly Module[]): Promise<boolean> {
	for (const module of modules) if (!(await unprobe(call, module))) return false;
	return true;
}

async function unprobe(call: Call, module: Module): Promise<boolean> {
	try {
		await call.kmod.unprobe(module, unprobeOptions(call));
		return true;
	} catch (error) {
		if (isOfReader(error)) throw error;
		if (error instanceof Refusal || error instanceof Unremovable || error instanceof CommandFailure) return false;
		throw error;
	}
}

function unprobeOptions(call: Call): UnprobeOptions {
	const { given, machine, printing, runCommand } = call;
	return {
		runCommand,
		force: given.force,
		dryRun: given.dryRun || given.showDepends,
		ignoreCommand: given.ignoreInstall,
		ignoreLoaded: given.showDepends,
		holders: given.removeHolders,
		failOnAbsent: given.firstTime,
		wait: parseWait(given.wait ?? "0") ?? 0,
		onUnremovable: ({ message }) => giveUp(call, message),
		...(printing && {
			onStep: (step) =>
				machine.print(
					`${oneLine(machine, 1, step.how === "run" ? `remove ${step.command}` : `rmmod ${step.module}`)}\n`,
				),
		}),
	};
}
