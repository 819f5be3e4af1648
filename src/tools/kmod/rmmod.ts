// rmmod(8): removes the named modules from the kernel. Their dependencies stay.

import { findExact, MalformedIndex, openIndex } from "../../libkmod/formats/index-file.js";
import { bounds } from "../../libkmod/kernel/bounds.js";
import { type Kernel, Refusal } from "../../libkmod/kernel/kernel.js";
import { isThere } from "../../libkmod/kernel/presence.js";
import { readHolders, readInitstate, readReferences } from "../../libkmod/knowledge/live-state.js";
import { formatErrno } from "../../libkmod/text/error-text.js";
import { normaliseModuleName, normaliseName } from "../../libkmod/text/module-name.js";
import { defineTool } from "../command-line/command-line.js";
import { openMessages, type Say } from "../command-line/messages.js";
import type { Options } from "../command-line/options.js";
import { messageOptions } from "./small-tool-options.js";

const options = {
	force: {
		short: "f",
		help: "Remove even a module that is in use, which may crash the machine and needs a kernel with CONFIG_MODULE_FORCE_UNLOAD",
	},
	...messageOptions,
} as const satisfies Options;

export const rmmod = defineTool({
	name: "rmmod",
	summary: "Removes modules from the kernel.",
	usage: ["[OPTION...] MODULE..."],
	kmod: true,
	options,
	async run({ options: { force, syslog }, operands }, machine) {
		const say = await openMessages(machine, { program: "rmmod", syslog });
		if (operands.length === 0) {
			say("ERROR", "missing module name.");
			return 1;
		}
		const kernel = await machine.kernel();
		let status = 0;
		for (const operand of operands) {
			const module = readName(kernel, operand, say);
			if (module === undefined) return 1;
			if (!(await remove(kernel, { operand, module, force }, say))) status = 1;
		}
		return status;
	},
});

/** Bytes: libkmod bounds a name by PATH_MAX, which includes the final NUL. */
const LONGEST_NAME = 4095;
/** Bytes: NAME_MAX. /sys/module cannot have a directory with a longer name. */
const LONGEST_DIRECTORY = 255;

/**
 * The module's name, from an operand that is a name or the path of an existing file. Undefined when the operand can be neither:
 * an error has been printed.
 */
function readName(kernel: Kernel, operand: string, say: Say): string | undefined {
	const fault = findFault(kernel, operand);
	if (fault !== undefined) {
		say("ERROR", `could not use module ${operand}: ${formatErrno(fault)}`);
		return undefined;
	}
	if (isThere(kernel, operand)) return normaliseModuleName(operand);
	return normaliseName(operand);
}

function findFault(kernel: Kernel, operand: string): Refusal | undefined {
	if (operand.length > LONGEST_NAME) return new Refusal({ operation: "use", subject: operand, code: "ENAMETOOLONG" });
	// A path that ends with a slash has no file name.
	return operand.endsWith("/") && isThere(kernel, operand)
		? new Refusal({ operation: "use", subject: operand, code: "ENOENT" })
		: undefined;
}

type Removal = { readonly operand: string; readonly module: string; readonly force: boolean };

async function remove(kernel: Kernel, { operand, module, force }: Removal, say: Say): Promise<boolean> {
	try {
		const obstacle = force ? undefined : findObstacle(kernel, module);
		if (obstacle === undefined) await kernel.remove(module, { force });
		else say("ERROR", obstacle);
		return obstacle === undefined;
	} catch (error) {
		if (!(error instanceof Refusal)) throw error;
		say("ERROR", `could not remove module ${operand}: ${formatErrno(error)}`);
		return false;
	}
}

/** The reason why a removal must fail, as a message. Undefined when the kernel is to be asked. */
function findObstacle(kernel: Kernel, module: string): string | undefined {
	if (isBuiltin(kernel, module)) return `Module ${module} is builtin.`;
	const known = module.length <= LONGEST_DIRECTORY && readInitstate(kernel, "/sys", module) !== undefined;
	if (!known) return `Module ${module} is not currently loaded`;
	const holders = readHolders(kernel, "/sys", module);
	if (holders.length > 0) return `Module ${module} is in use by: ${holders.join(" ")}`;
	const references = readReferences(kernel, "/sys", module);
	if (references === undefined) return "Module unloading is not supported";
	return references > 0 ? `Module ${module} is in use` : undefined;
}

/** Whether the module is built into the kernel. False when the index is damaged, missing or unreadable. */
function isBuiltin(kernel: Kernel, module: string): boolean {
	const path = `/lib/modules/${kernel.release}/modules.builtin.bin`;
	try {
		const bytes = kernel.read(path, bounds.index);
		return bytes !== undefined && findExact(openIndex(path, bytes), module) !== undefined;
	} catch (error) {
		if (error instanceof MalformedIndex || error instanceof Refusal) return false;
		throw error;
	}
}
