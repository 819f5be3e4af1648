// depmod(8): makes the files in which modprobe and udev look modules up.

import { type DepmodInput, type DepmodResult, depmod as makeFiles } from "../../libkmod/depmod/depmod.js";
import type { Digests, ModuleTree } from "../../libkmod/depmod/module-tree.js";
import { bounds } from "../../libkmod/kernel/bounds.js";
import { type Kernel, Refusal } from "../../libkmod/kernel/kernel.js";
import { formatErrno } from "../../libkmod/text/error-text.js";
import type { Machine } from "../../ports/machine.js";
import { defineTool } from "../command-line/command-line.js";
import { openMessages, type Say } from "../command-line/messages.js";
import { absolutePath } from "../command-line/module-directory.js";
import type { Given, Options } from "../command-line/options.js";
import { lockOutput } from "./lock.js";
import { findModules, keepThere } from "./modules.js";
import { showingNames } from "./on-terminal.js";
import { readKernelSymbols, reportOf } from "./symbols.js";

const options = {
	all: { short: "a", help: "Probe all modules, which is the default" },
	quick: { short: "A", help: "Do nothing where no module is newer than modules.dep" },
	errsyms: { short: "e", help: "Report symbols that no module and not the kernel has; needs -E or -F" },
	show: { short: "n", also: ["dry-run"], help: "Write the text files on standard output and change nothing" },
	symbolPrefix: {
		short: "P",
		argument: "PREFIX",
		help: "The character in front of every symbol on some architectures",
	},
	config: { short: "C", argument: "PATH", repeat: true, help: "Read configuration from PATH" },
	verbose: { short: "v", repeat: true, help: "Say which module needs which, and for what symbol" },
	warn: { short: "w", help: "Warn of aliases that a module has twice" },
	basedir: { short: "b", argument: "DIR", help: "The root below which /lib/modules is" },
	moduledir: { short: "m", argument: "DIR", help: "Where modules are below the root, if not in /lib/modules" },
	outdir: { short: "o", argument: "DIR", help: "Write below this root instead" },
	filesyms: { short: "F", argument: "FILE", help: "The kernel's symbols: its System.map" },
	symvers: { short: "E", argument: "FILE", help: "The kernel's symbols with their versions: its Module.symvers" },
	unresolvedError: { short: "u", hidden: true, help: "Does nothing" },
	quiet: { short: "q", hidden: true, help: "Does nothing" },
	root: { short: "r", hidden: true, help: "Does nothing" },
	map: { hidden: true, help: "Does nothing" },
} as const satisfies Options;

/**
 * kmod refuses them since 34. Installers (`depmod -q -a`) and the packaging of kernels (`depmod -u -ae -r`) still pass them, and a
 * kernel without indexes does not boot: as in kmod 30 a warning is all they get.
 */
const DEPRECATED = ["unresolvedError", "quiet", "root", "map"];

export type DepmodGiven = Given<typeof options>;

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

/** All that one call has to do with. */
export type DepmodCall = Places & {
	readonly given: DepmodGiven;
	readonly machine: Machine;
	readonly kernel: Kernel;
	readonly tree: ModuleTree;
	readonly say: Say;
};

type Places = {
	readonly release: string;
	/** Where the modules are, and where the files are to go. */
	readonly directory: string;
	readonly output: string;
};

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
	const found = findModules(call);
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
		say("ERROR", `could not ${error.operation} ${error.subject}: ${formatErrno(error)}`);
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

function placesOf({ options, operands: [version] }: DepmodGiven, machine: Machine, kernel: Kernel): Places {
	const { basedir, outdir, moduledir = "/lib/modules" } = options;
	const release = version ?? kernel.release;
	const below = (root: string | undefined) => {
		const modules = moduledir.startsWith("/") ? moduledir : `/${moduledir}`;
		return `${root === undefined ? "" : absolutePath(machine, root)}${modules}/${release}`;
	};
	return { release, directory: below(basedir), output: below(outdir ?? basedir) };
}
