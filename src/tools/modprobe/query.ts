// The queries of modprobe, which insert nothing: the configuration with the indexes, and the symbols of a module file.
import { namesFile } from "../../libkmod/depmod/module-search.js";
import { MalformedModule } from "../../libkmod/formats/elf.js";
import { listEntries } from "../../libkmod/formats/index-file.js";
import type { ModuleSymbol } from "../../libkmod/formats/module-symbols.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { NoModuleFile } from "../../libkmod/kmod/failures.js";
import type { Kmod } from "../../libkmod/kmod/kmod.js";
import type { Module } from "../../libkmod/kmod/module.js";
import { findModules, pathOf } from "../../libkmod/kmod/modules.js";
import { MissingIndexes } from "../../libkmod/knowledge/indexes.js";
import { formatErrno } from "../../libkmod/text/error-text.js";
import { printable } from "../../libkmod/text/printable.js";
import { oneLine } from "../command-line/guarded-machine.js";
import { type Call, Fatal, giveUp, isOfReader } from "./call.js";
import { configRecords, formatRecords } from "./json.js";

export function showConfig({ kmod, machine, given }: Call): number {
	if (given.json) {
		machine.print(formatRecords(configRecords(kmod)));
		return 0;
	}
	machine.print(kmod.dumpConfiguration());
	machine.print("\n# End of configuration files. Dumping indexes now:\n\n");
	const { unusable } = kmod.knowledge().indexes;
	for (const kind of ["aliases", "symbols"] as const)
		if (!unusable?.has(kind)) machine.print(machine.isTerminal?.(1) ? listIndex(kmod, kind) : kmod.dumpIndex(kind));
	return 0;
}

/** The entries of an index, one line each. A newline inside an entry does not make a second line: an index may hold any bytes. */
function listIndex(kmod: Kmod, kind: "aliases" | "symbols"): string {
	const lines = [...listEntries(kmod.knowledge().indexes[kind])].map(({ key, value }) => `alias ${key} ${value}`);
	return lines.map((line) => `${printable(line)}\n`).join("");
}

export function showModversions(call: Call): Promise<number> {
	return showSymbols(call, "modversions", (module) => call.kmod.versions(module));
}

export function showExports(call: Call): Promise<number> {
	return showSymbols(call, "symbols", (module) => call.kmod.symbols(module));
}

/**
 * Prints the symbols of the first operand: of the file with that path, or else of each module that the name or alias stands for.
 */
async function showSymbols(
	call: Call,
	what: string,
	read: (module: Module) => Promise<readonly ModuleSymbol[]>,
): Promise<number> {
	const [operand = ""] = call.operands;
	const explained = (error: unknown): number => {
		giveUp(call, `could not get ${what} of ${operand}: ${explain(error)}`);
		return 1;
	};
	let status = 0;
	try {
		for (const module of find(call, operand)) {
			needFile(call, module);
			const symbols = await read(module);
			if (symbols.length === 0)
				status = explained(new Refusal({ operation: "read", subject: operand, code: "ENODATA" }));
			const lines = symbols.map(
				({ name, crc }) => `0x${crc.toString(16).padStart(8, "0")}\t${oneLine(call.machine, 1, name)}\n`,
			);
			call.machine.print(lines.join(""));
		}
		return status;
	} catch (error) {
		return explained(error);
	}
}

/** When modules.dep.bin is damaged or unreadable, kmod finds the file of no module. @throws {NoModuleFile} in that case */
function needFile({ kmod }: Call, module: Module): void {
	const knowledge = kmod.knowledge();
	const why = knowledge.indexes.unusable?.get("dependencies");
	if (why === undefined || why instanceof MissingIndexes || pathOf(knowledge, module) !== undefined) return;
	throw new NoModuleFile(module.name, kmod.moduleDirectory);
}

/** The modules of an operand: by file and by name. @throws {Fatal} when the operand is neither. @throws {Refusal} */
function find(call: Call, operand: string): readonly Module[] {
	const byName = () => findModules(call.kmod.knowledge(), operand);
	const byFile = () => [fileOf(call, operand) ?? []].flat();
	for (const look of namesFile(operand) ? [byFile, byName] : [byName, byFile]) {
		const found = look();
		if (found.length > 0) return found;
	}
	giveUp(call, `Module ${operand} not found.`);
	throw new Fatal(operand);
}

/**
 * The module in the file that the operand names. Undefined for a directory, which may share a module's name. @throws {Refusal}
 */
function fileOf({ kmod, kernel }: Pick<Call, "kmod" | "kernel">, operand: string): Module | undefined {
	const file = kmod.moduleAt(operand);
	return file !== undefined && kernel.list(operand) === undefined ? file : undefined;
}

/** Whether the call asks for the symbols of a file, for which no indexes are needed. */
export function wantsFile({
	kmod,
	kernel,
	given,
	operands: [operand = ""],
}: Pick<Call, "kmod" | "kernel" | "given" | "operands">): boolean {
	if (!(given.showModversions || given.showExports) || !namesFile(operand)) return false;
	try {
		return fileOf({ kmod, kernel }, operand) !== undefined;
	} catch (error) {
		if (error instanceof Refusal) return true;
		throw error;
	}
}

/** The reason why a module's symbols cannot be had. A module that is built in, or whose file is gone, is ENOENT. */
function explain(error: unknown): string {
	if (error instanceof MalformedModule) return error.reason;
	if (error instanceof NoModuleFile)
		return formatErrno(new Refusal({ operation: "find", subject: error.module, code: "ENOENT" }));
	if (error instanceof Refusal && !isOfReader(error)) return formatErrno(error);
	throw error; // Fatal too: it has been said.
}
