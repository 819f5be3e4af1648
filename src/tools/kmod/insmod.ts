// insmod(8): inserts one module file. It neither inserts dependencies nor reads the configuration.

import { type InsertFlags, type Kernel, type ModuleFiles, Refusal } from "../../libkmod/kernel/kernel.js";
import { isThere } from "../../libkmod/kernel/presence.js";
import { formatErrno } from "../../libkmod/text/error-text.js";
import { defineTool } from "../command-line/command-line.js";
import { openMessages } from "../command-line/messages.js";
import type { Options, Values } from "../command-line/options.js";
import { forceOptions, messageOptions } from "./small-tool-options.js";

const options = { ...forceOptions, ...messageOptions } as const satisfies Options;

export const insmod = defineTool({
	name: "insmod",
	summary: "Inserts a module file into the kernel.",
	usage: ["[OPTION...] FILE [PARAMETER=VALUE...]"],
	kmod: true,
	options,
	async run({ options: given, operands: [file, ...parameters] }, machine) {
		const say = await openMessages(machine, { program: "insmod", syslog: given.syslog, least: "NOTICE" });
		const fault = findFault(file);
		if (fault !== undefined || file === undefined) {
			say("ERROR", fault ?? "");
			return 1;
		}
		const kernel = await machine.kernel();
		try {
			await insert(kernel, file, joinWords(parameters), insertFlags(given));
			return 0;
		} catch (error) {
			if (!(error instanceof Refusal)) throw error;
			if (error.operation === "open" && (file.endsWith("/") || !isThere(kernel, file))) {
				say("ERROR", `could not load module ${file}: ${formatErrno(error)}`);
				return 1;
			}
			say("ERROR", `could not insert module ${file}: ${formatAnswer(error)}`);
			const meaning = await explain(kernel, error, joinWords(parameters));
			if (meaning !== undefined) say("NOTICE", meaning);
			return 1;
		}
	},
});

/** Inserts the file. A path that ends with a slash names no file. @throws {Refusal} ENOENT for such a path */
async function insert(kernel: Kernel, file: string, parameters: string, flags: InsertFlags): Promise<void> {
	if (file.endsWith("/")) throw new Refusal({ operation: "open", subject: file, code: "ENOENT" });
	await kernel.insert(file, parameters, flags);
}

function findFault(file: string | undefined): string | undefined {
	if (file === undefined) return "missing filename.";
	return file === "-" ? "this tool does not support loading from stdin!" : undefined;
}

/** Joins the parameters as kmod does: leading empty words leave no space. */
function joinWords(words: readonly string[]): string {
	return words.reduce((text, word) => (text === "" ? word : `${text} ${word}`), "");
}

export function insertFlags(given: Values<typeof forceOptions>): InsertFlags {
	return {
		forceVermagic: given.force || given.forceVermagic,
		forceModversion: given.force || given.forceModversion,
	};
}

/** The meaning of these errnos when finit_module(2) returns them. */
const answers: Readonly<Record<string, string>> = {
	ENOEXEC: "Invalid module format",
	ENOENT: "Unknown symbol in module",
	ESRCH: "Module has wrong symbol version",
	EINVAL: "Invalid parameters",
};

function formatAnswer(refusal: Refusal): string {
	return refusal.reason ?? answers[refusal.code] ?? formatErrno(refusal);
}

/** Explains the kernel's refusal. The library is imported only here, so that an insertion that succeeds does not pay for it. */
async function explain(
	kernel: Kernel & ModuleFiles,
	refusal: Refusal,
	parameters: string,
): Promise<string | undefined> {
	const { explainAnswer } = await import("../modprobe/explain.js");
	return explainAnswer(kernel, refusal, parameters);
}
