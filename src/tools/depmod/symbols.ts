// Reads the symbols that the kernel itself exports, for `depmod -e`: from the file that -E names, or else from the one that -F
// names.

import type { DepmodInput } from "../../libkmod/depmod/depmod.js";
import { parseSymvers, parseSystemMap } from "../../libkmod/formats/kernel-symbols.js";
import { bounds } from "../../libkmod/kernel/bounds.js";
import { type Kernel, Refusal } from "../../libkmod/kernel/kernel.js";
import { formatErrno } from "../../libkmod/text/error-text.js";
import type { Say } from "../command-line/messages.js";
import type { DepmodCall, DepmodGiven } from "./call.js";

/** The kernel's symbols. Undefined when the file cannot be read: an error has been printed. */
export function readKernelSymbols({ given, kernel, say }: DepmodCall): Pick<DepmodInput, "kernelSymbols"> | undefined {
	const { symvers, filesyms, symbolPrefix } = given.options;
	const file = symvers ?? filesyms;
	if (file === undefined) return {};
	const text = readText(kernel, file, say);
	if (text === undefined) return undefined;
	const { value, problems } =
		symvers === undefined ? parseSystemMap(file, text, symbolPrefix) : parseSymvers(file, text);
	for (const { line, message } of problems) say("ERROR", `${file}:${line}: ${message}`);
	return { kernelSymbols: value };
}

/** Chooses the reports about symbols: unknown ones with -e and -E or -F, and, with -E, versions that disagree. */
export function reportOf({ options: { errsyms, symvers, filesyms } }: DepmodGiven): Pick<DepmodInput, "report"> {
	if (!errsyms || (symvers === undefined && filesyms === undefined)) return {};
	return { report: { unknown: true, versions: symvers !== undefined } };
}

function readText(kernel: Kernel, file: string, say: Say): string | undefined {
	try {
		const bytes = kernel.read(file, { ...bounds.symbols, named: true });
		if (bytes === undefined) throw new Refusal({ operation: "read", subject: file, code: "ENOENT" });
		return bytes.toString("latin1");
	} catch (error) {
		if (!(error instanceof Refusal)) throw error;
		say("FATAL", `could not load ${file}: ${formatErrno(error)}`);
		return undefined;
	}
}
