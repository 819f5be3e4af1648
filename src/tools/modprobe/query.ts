// What modprobe only prints: the configuration with the indexes, and the symbols of a module file.
import { formatErrno } from "../../libkmod/error-text.js";
import { MalformedModule } from "../../libkmod/formats/elf.js";
import type { ModuleSymbol } from "../../libkmod/formats/module-symbols.js";
import { Refusal } from "../../libkmod/kernel.js";
import type { Module } from "../../libkmod/kmod/module.js";
import { type Call, giveUp } from "./call.js";
import { configRecords, formatRecords } from "./json.js";

export function showConfig({ kmod, machine, given }: Call): number {
	if (given.json) {
		machine.print(formatRecords(configRecords(kmod)));
		return 0;
	}
	machine.print(kmod.dumpConfiguration());
	machine.print("\n# End of configuration files. Dumping indexes now:\n\n");
	const { missing = [] } = kmod.knowledge().indexes;
	for (const kind of ["aliases", "symbols"] as const) if (!missing.includes(kind)) machine.print(kmod.dumpIndex(kind));
	return 0;
}

export function showModversions(call: Call): Promise<number> {
	return showSymbols(call, "modversions", (module) => call.kmod.versions(module));
}

export function showExports(call: Call): Promise<number> {
	return showSymbols(call, "symbols", (module) => call.kmod.symbols(module));
}

/** Of the first file alone. */
async function showSymbols(
	call: Call,
	what: string,
	read: (module: Module) => Promise<readonly ModuleSymbol[]>,
): Promise<number> {
	const [file = ""] = call.operands;
	try {
		const module = call.kmod.moduleAt(file);
		if (module === undefined) {
			giveUp(call, `Module ${file} not found.`);
			return 1;
		}
		const symbols = await read(module);
		if (symbols.length === 0) throw new Refusal("read", file, "ENOENT", 2);
		call.machine.print(symbols.map(({ name, crc }) => `0x${crc.toString(16).padStart(8, "0")}\t${name}\n`).join(""));
		return 0;
	} catch (error) {
		giveUp(call, `could not get ${what} of ${file}: ${explain(error)}`);
		return 1;
	}
}

/** A file that is no module is, to libkmod, one of a wrong format. */
function explain(error: unknown): string {
	if (error instanceof MalformedModule) return formatErrno({ code: "ENOEXEC", errno: 8 });
	if (error instanceof Refusal) return formatErrno(error);
	throw error;
}
