// depmod(8): makes the index files in which modprobe and udev look modules up.

import { type DepmodInput, type DepmodResult, depmod as makeFiles } from "../../libkmod/depmod/depmod.js";
import type { Digests } from "../../libkmod/depmod/module-tree.js";
import { bounds } from "../../libkmod/kernel/bounds.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { formatErrno } from "../../libkmod/text/error-text.js";
import { explainRefusal } from "../../libkmod/text/explain-refusal.js";
import { defineTool } from "../command-line/command-line.js";
import { openMessages } from "../command-line/messages.js";
import { DEPRECATED, type DepmodCall, type DepmodGiven, options, placesOf } from "./call.js";
import { lockOutput } from "./lock.js";
import { findModuleFiles, keepThere } from "./modules.js";
import { showingNames } from "./on-terminal.js";
import { readKernelSymbols, reportOf } from "./symbols.js";

export const depmod = defineTool({
	name: "depmod",
	summary: "Makes the indexes of a kernel's modules.",
	usage: ["[OPTION...] [VERSION]", "[OPTION...] VERSION FILE..."],
	kmod: true,
	options,
	async run(given, machine) {
		const say = await openMessages(machine, { program: "depmod", syslog: false });
		for (const { key, spelling } of given.occurrences)
			if (DEPRECATED.includes(key)) say("WARNING", `Ignored deprecated option ${spelling}`);
		const fault = findFault(given);
		if (fault !== undefined) {
			say(fault.severity, fault.text);
			return 1;
		}
		const kernel = await machine.kernel();
		const tree = await machine.moduleTree();
		return await make({ given, machine, kernel, tree, say, ...placesOf(given, machine, kernel) });
	},
});

async function make(call: DepmodCall): Promise<number> {
	const { given, say } = call;
	if (given.options.errsyms && given.options.symvers === undefined && given.options.filesyms === undefined)
		say("WARNING", "-e needs -E or -F");
	const symbols = readKernelSymbols(call);
	if (symbols === undefined) return 1;
	const lock = given.options.show ? undefined : await lockOutput(call);
	try {
		return await makeIndexes(call, symbols, lock?.held === true);
	} finally {
		if (lock?.held) lock.release();
	}
}

type KernelKnown = Pick<DepmodInput, "kernelSymbols">;

async function makeIndexes(call: DepmodCall, symbols: KernelKnown, alone: boolean): Promise<number> {
	const found = findModuleFiles(call);
	if (found === undefined) return 1;
	if (found === "up to date") return 0;
	const { complete, ...digests } = keepThere(call, await call.tree.digest(call.directory, found.paths));
	const made = makeFiles(inputOf(call, digests, { ...symbols, ...reportOf(call.given) }));
	const machine = call.machine.isTerminal?.(1) ? showingNames(call.machine, digests) : call.machine;
	return await finish({ ...call, machine }, found.complete && complete, made, alone);
}

function inputOf(
	{ given, kernel, directory, say }: DepmodCall,
	{ modules, names }: Digests,
	symbols: Pick<DepmodInput, "kernelSymbols" | "report">,
): DepmodInput {
	const { show, verbose, warn, symbolPrefix } = given.options;
	const read = (name: string): Buffer | undefined => {
		try {
			return kernel.read(`${directory}/${name}`, bounds.kernelBuild);
		} catch (error) {
			if (!(error instanceof Refusal)) throw error;
			say("WARNING", `could not open ${name} at ${directory}: ${formatErrno(error)}`);
			return Buffer.alloc(0);
		}
	};
	return {
		...{ directory, modules, names, symbolPrefix, ...symbols },
		...{ order: read("modules.order"), warnDuplicates: warn, indexes: !show, explain: verbose > 0 },
		builtin: show ? undefined : read("modules.builtin"),
		builtinModinfo: show ? undefined : read("modules.builtin.modinfo"),
	};
}

async function finish(
	call: DepmodCall,
	complete: boolean,
	{ files, problems, explained }: DepmodResult,
	alone: boolean,
): Promise<number> {
	const { given, machine, say, tree, output } = call;
	machine.print(explained);
	for (const { level, message, detail } of problems)
		say(level, detail === undefined ? message : `${message} (${detail})`);
	if (files.size === 0) return 1;
	if (given.options.show) {
		for (const content of files.values()) machine.print(content);
		return complete ? 0 : 1;
	}
	try {
		await tree.publish(output, files, alone);
	} catch (error) {
		if (!(error instanceof Refusal)) throw error;
		say("ERROR", explainRefusal(error, formatErrno(error)));
		return 1;
	}
	return complete ? 0 : 1;
}

type Fault = { readonly severity: "ERROR" | "FATAL"; readonly text: string };

function findFault({ options: { symbolPrefix }, operands: [version, ...files] }: DepmodGiven): Fault | undefined {
	if (symbolPrefix !== undefined && symbolPrefix.length !== 1)
		return { severity: "FATAL", text: "-P only takes a single char" };
	if (version !== undefined && !/^[\t-\r ]*[+-]?\d+\.[\t-\r ]*[+-]?\d/.test(version))
		return { severity: "ERROR", text: `Bad version passed ${version}` };
	const relative = files.find((file) => !file.startsWith("/"));
	return relative === undefined ? undefined : { severity: "FATAL", text: `${relative}: not absolute path.` };
}
