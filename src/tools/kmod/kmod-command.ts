// Shared code of `kmod insert` and `kmod remove`: opens the library and the messages, and finds the modules of an operand.
import { namesFile } from "../../libkmod/depmod/module-search.js";
import { MalformedModule } from "../../libkmod/formats/elf.js";
import { MalformedIndex } from "../../libkmod/formats/index-file.js";
import { type Kernel, type ModuleFiles, Refusal } from "../../libkmod/kernel/kernel.js";
import { isThere } from "../../libkmod/kernel/presence.js";
import { AlreadyLoaded, CommandFailure, NoModuleFile, NoSuchModule, Unremovable } from "../../libkmod/kmod/failures.js";
import { type Kmod, openKmod } from "../../libkmod/kmod/kmod.js";
import type { Module } from "../../libkmod/kmod/module.js";
import { findModules } from "../../libkmod/kmod/modules.js";
import { formatErrno } from "../../libkmod/text/error-text.js";
import type { Machine } from "../../ports/machine.js";
import { openMessages, type Say } from "../command-line/messages.js";
import { isOfReader } from "../modprobe/call.js";
import { explainAnswer } from "../modprobe/explain.js";

export type KmodCommand = {
	readonly machine: Machine;
	readonly kernel: Kernel & ModuleFiles;
	readonly kmod: Kmod;
	readonly say: Say;
	/** Whether each step is printed. */
	readonly printing: boolean;
};

type Given = { readonly syslog: boolean; readonly verbose: number };

export async function openCommand(program: string, given: Given, machine: Machine): Promise<KmodCommand> {
	const say = await openMessages(machine, { program, syslog: given.syslog, least: "NOTICE" });
	const kernel = await machine.kernel();
	// The library gets no log function: the command reports a failure in its own words.
	return { machine, kernel, kmod: openKmod(kernel), say, printing: given.verbose > 0 };
}

/**
 * The modules that an operand stands for. An operand that begins with `/`, `./` or `../`, or ends as a module file does, stands
 * for the module in that file when the file exists. Any other operand is a name or an alias. When it stands for nothing, the list
 * is empty and an error has been printed.
 */
export function findAsked({ kernel, kmod, say }: KmodCommand, asked: string): readonly Module[] {
	const file = namesFile(asked) && isThere(kernel, asked) ? kmod.moduleAt(asked) : undefined;
	if (file !== undefined) return [file];
	try {
		const modules = findModules(kmod.knowledge(), asked);
		if (modules.length === 0) say("ERROR", `Module ${asked} not found in directory ${kmod.moduleDirectory}`);
		return modules;
	} catch (error) {
		if (!(error instanceof MalformedIndex)) throw error;
		say("ERROR", error.message);
		return [];
	}
}

/** Prints that something could not be done, and why. A refused insertion gets a second line, which explains the errno. */
export async function sayFailure({ kernel, say }: KmodCommand, what: string, error: unknown): Promise<void> {
	if (isOfReader(error)) throw error;
	if (error instanceof Refusal) {
		say("ERROR", `could not ${what}: ${formatErrno(error)}`);
		const meaning = error.operation === "insert" ? await explainAnswer(kernel, error) : undefined;
		if (meaning !== undefined) say("NOTICE", meaning);
	} else if (error instanceof Unremovable) say("ERROR", error.message);
	else if (isOfModules(error)) say("ERROR", `could not ${what}: ${error.message}`);
	else throw error;
}

/** Whether an error is the library's own, whose message needs no explanation. */
function isOfModules(error: unknown): error is Error {
	const own = [AlreadyLoaded, CommandFailure, NoModuleFile, NoSuchModule, MalformedIndex, MalformedModule];
	return own.some((kind) => error instanceof kind);
}
