// modinfo(8): prints the information that module files, and the modules built into the kernel, carry about themselves.

import { isModuleFileName } from "../../libkmod/depmod/module-search.js";
import { builtinModuleInfo } from "../../libkmod/formats/builtin-modinfo.js";
import { MalformedModule } from "../../libkmod/formats/elf.js";
import type { ModinfoEntry } from "../../libkmod/formats/modinfo.js";
import { mergeModprobeConfigs } from "../../libkmod/formats/modprobe-config.js";
import { bounds } from "../../libkmod/kernel/bounds.js";
import { type Kernel, type ModuleFiles, type Problem, Refusal } from "../../libkmod/kernel/kernel.js";
import { isThere } from "../../libkmod/kernel/presence.js";
import { readIndexesLeniently } from "../../libkmod/knowledge/indexes.js";
import { type Knowledge, makeKnowledge } from "../../libkmod/knowledge/knowledge.js";
import { type Found, lookUp, lookUpName } from "../../libkmod/knowledge/lookup.js";
import { moduleInfo } from "../../libkmod/knowledge/module-info.js";
import { formatErrno } from "../../libkmod/text/error-text.js";
import { normaliseAlias, normaliseModuleName } from "../../libkmod/text/module-name.js";
import { printable } from "../../libkmod/text/printable.js";
import type { Machine } from "../../ports/machine.js";
import { defineTool } from "../command-line/command-line.js";
import { oneLine } from "../command-line/guarded-machine.js";
import { openMessages, type Say } from "../command-line/messages.js";
import { moduleDirectory, pathFromHere } from "../command-line/module-directory.js";
import type { Given, Options } from "../command-line/options.js";
import { formatModinfoRecord } from "./modinfo-record.js";
import { formatModinfoEntries, formatModinfoSource, type ModinfoSource, modinfoProblems } from "./modinfo-text.js";

const options = {
	author: { short: "a", help: "Print only 'author'" },
	description: { short: "d", help: "Print only 'description'" },
	license: { short: "l", help: "Print only 'license'" },
	parameters: { short: "p", help: "Print only 'parm'" },
	filename: { short: "n", help: "Print only 'filename'" },
	null: { short: "0", help: "Use \\0 instead of \\n" },
	modname: { short: "m", help: "Handle argument as module name instead of alias or filename" },
	field: { short: "F", argument: "FIELD", help: "Print only provided FIELD" },
	setVersion: { short: "k", argument: "VERSION", help: "Use VERSION instead of `uname -r`" },
	basedir: { short: "b", argument: "DIR", help: "Use DIR as filesystem root for /lib/modules" },
	json: { help: 'Print JSON, one module a line: {"module","filename" or "builtin","info","parameters"}' },
} as const satisfies Options;

export const modinfo = defineTool({
	name: "modinfo",
	summary: "Shows what kernel modules say of themselves.",
	usage: ["[OPTION...] MODULE|FILE..."],
	kmod: true,
	options,
	captured: { root: "basedir", release: "setVersion", needsIndexes: () => true },
	async run(given, machine) {
		const say = await openMessages(machine, { program: "modinfo", syslog: false, least: "NOTICE" });
		if (given.operands.length === 0) {
			say("ERROR", "missing module or filename.");
			return 1;
		}
		const kernel = await machine.kernel();
		const { basedir, setVersion } = given.options;
		const directory = moduleDirectory(machine, { base: basedir, version: setVersion ?? kernel.release });
		const printer = new Printer(kernel, directory, given, machine, say);
		let status = 0;
		for (const operand of given.operands) if (!(await printer.printAll(operand))) status = 1;
		return status;
	},
});

/** Options that select one field, with the field's key. When several are given, the last one wins. */
const fields: Readonly<Record<string, string>> = {
	author: "author",
	description: "description",
	license: "license",
	parameters: "parm",
	filename: "filename",
};

function fieldOf({ occurrences }: Given<typeof options>): string | undefined {
	const asked = occurrences.findLast(({ key }) => key === "field" || key in fields);
	return asked && (fields[asked.key] ?? asked.argument);
}

const INDENT = " ".repeat(16);

/** Indents the further lines of a value with newlines, so that on a terminal no line of a value passes for another field. */
function onTerminal({ key, value }: ModinfoEntry): ModinfoEntry {
	return { key: printable(key), value: value.replace(/\n(?![\t ])/g, `\n${INDENT}`) };
}

type Subject = { readonly name: string; readonly path: string | undefined };

class Printer {
	readonly #kernel: Kernel & ModuleFiles;
	readonly #directory: string;
	readonly #given: Given<typeof options>;
	readonly #machine: Machine;
	readonly #say: Say;
	#knowledge: Knowledge | undefined;

	constructor(
		kernel: Kernel & ModuleFiles,
		directory: string,
		given: Given<typeof options>,
		machine: Machine,
		say: Say,
	) {
		this.#kernel = kernel;
		this.#directory = directory;
		this.#given = given;
		this.#machine = machine;
		this.#say = say;
	}

	/** Prints every module that the operand stands for. @returns whether there was one and each could be printed */
	async printAll(operand: string): Promise<boolean> {
		const subjects = this.#find(operand);
		if (subjects.length === 0) this.#say("ERROR", `${this.#kindOf(operand)} ${operand} not found.`);
		let well = subjects.length > 0;
		for (const subject of subjects) well = (await this.#print(subject)) && well;
		return well;
	}

	#kindOf(operand: string): string {
		if (this.#given.options.modname) return "Module name";
		return normaliseAlias(operand) === undefined ? "Module alias" : "Module";
	}

	#find(operand: string): Subject[] {
		if (this.#given.options.modname) return this.#locate(findNamed(this.#known(), operand));
		if (!isModuleFile(this.#kernel, operand)) return this.#locate(asRead(lookUp(this.#known(), operand)));
		return [{ name: normaliseModuleName(operand), path: pathFromHere(this.#machine, operand) }];
	}

	#locate(names: readonly string[]): Subject[] {
		return names.map((name) => {
			const path = this.#known().file(name)?.path;
			return { name, path: path === undefined || path.startsWith("/") ? path : `${this.#directory}/${path}` };
		});
	}

	// modinfo looks names up in the indexes alone, without modprobe's configuration. A damaged index counts as empty.
	#known(): Knowledge {
		const problems: Problem[] = [];
		const configuration = { value: mergeModprobeConfigs([]), problems: [], read: [] };
		this.#knowledge ??= makeKnowledge(
			this.#directory,
			readIndexesLeniently(this.#kernel, this.#directory, problems),
			configuration,
		);
		for (const { file, message } of problems) this.#say("WARNING", `${file}: ${message}`);
		return this.#knowledge;
	}

	async #print({ name, path }: Subject): Promise<boolean> {
		const { json, null: nul } = this.#given.options;
		const style = { field: fieldOf(this.#given), nul };
		const source: ModinfoSource =
			path === undefined ? { builtin: name } : { filename: oneLine(this.#machine, 1, path) };
		if (!json) this.#machine.print(formatModinfoSource(source, style));
		// The file name is known without reading the file.
		if (!json && style.field === "filename") return true;
		const entries = await this.#info(name, path);
		if (entries === undefined) return false;
		if (style.field === undefined || style.field === "parm")
			for (const problem of modinfoProblems(entries)) this.#say("ERROR", problem);
		if (json) this.#machine.print(formatModinfoRecord(name, path, entries));
		else
			this.#machine.print(
				formatModinfoEntries(this.#machine.isTerminal?.(1) ? entries.map(onTerminal) : entries, style),
			);
		return true;
	}

	/** The entries of a module. Undefined when they cannot be read: an error has been printed. */
	async #info(name: string, path: string | undefined): Promise<readonly ModinfoEntry[] | undefined> {
		try {
			return path === undefined ? this.#builtinInfo(name) : await this.#fileInfo(path);
		} catch (error) {
			if (!(error instanceof Refusal || error instanceof MalformedModule)) throw error;
			const malformed = error instanceof MalformedModule;
			this.#say("ERROR", `could not get modinfo from '${name}': ${malformed ? error.reason : formatErrno(error)}`);
			if (malformed) this.#say("NOTICE", `${path} cannot be read as a module: ${error.message}`);
			else if (path === undefined) this.#say("NOTICE", `${error.subject} cannot be read: ${error.why}`);
			return undefined;
		}
	}

	// The build of a kernel before 5.2 makes no modules.builtin.modinfo: its built-in modules have no entries.
	#builtinInfo(name: string): readonly ModinfoEntry[] {
		const bytes = this.#kernel.read(`${this.#directory}/modules.builtin.modinfo`, bounds.kernelBuild);
		return bytes === undefined ? [] : builtinModuleInfo(bytes, name);
	}

	async #fileInfo(path: string): Promise<readonly ModinfoEntry[]> {
		const entries = moduleInfo(await this.#kernel.readModule(path));
		if (entries === undefined) throw new Refusal({ operation: "read .modinfo of", subject: path, code: "ENODATA" });
		return entries;
	}
}

/** The module of a name, of which the part from the first dot on is ignored. Aliases of built-in modules are tried last. */
function findNamed(knowledge: Knowledge, operand: string): readonly string[] {
	return asRead(lookUpName(knowledge, operand.replace(/\..*/s, ""))).slice(0, 1);
}

/**
 * Reverses the order of modules that one alias lists with equal priority. libkmod reverses that order when it maps an index into
 * memory (mmap), and a lookup follows that; modinfo does not map its indexes. Only modules built into the kernel have equal
 * priorities.
 */
function asRead(found: readonly Found[]): string[] {
	const groups: Found[][] = [];
	for (const one of found) {
		const group = groups.at(-1);
		if (one.via === "builtin alias index" && group?.[0]?.pattern === one.pattern) group.unshift(one);
		else groups.push([one]);
	}
	return groups.flat().map(({ module }) => module);
}

/** Whether a path is a module file that exists. A directory with such a name is not one. */
function isModuleFile(kernel: Kernel, path: string): boolean {
	return isModuleFileName(path) && isThere(kernel, path) && kernel.list(path) === undefined;
}
