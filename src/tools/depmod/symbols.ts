// The symbols that the kernel itself exports, for `depmod -e`: from the file of -E or, without one, of -F.

import type { DepmodInput } from "../../libkmod/depmod/depmod.js";
import { parseSymvers, parseSystemMap } from "../../libkmod/formats/kernel-symbols.js";
import { bounds } from "../../libkmod/kernel/bounds.js";
import { type Kernel, Refusal } from "../../libkmod/kernel/kernel.js";
import { formatErrno } from "../../libkmod/text/error-text.js";
import type { Say } from "../command-line/messages.js";
import type { DepmodCall, DepmodGiven } from "./call.js";

/** Undefined where the file cannot be read, which has been said. */
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

/** What is to be reported of symbols. */
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
