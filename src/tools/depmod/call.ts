// One call of depmod: its options, and the directories that it reads and writes.
import type { ModuleTree } from "../../libkmod/depmod/module-tree.js";
import type { Kernel } from "../../libkmod/kernel/kernel.js";
import type { Machine } from "../../ports/machine.js";
import type { Say } from "../command-line/messages.js";
import { pathFromHere } from "../command-line/module-directory.js";
import type { Given, Options } from "../command-line/options.js";

export const options = {
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
 * Options that kmod refuses since version 34. Installers (`depmod -q -a`) and kernel packages (`depmod -u -ae -r`) still pass
 * them, and a kernel without indexes does not boot, so depmod only warns of them, as kmod 30 does.
 */
export const DEPRECATED = ["unresolvedError", "quiet", "root", "map"];

export type DepmodGiven = Given<typeof options>;

/** The options of one call, its directories, and the kernel, module tree and messages that it uses. */
export type DepmodCall = Places & {
	readonly given: DepmodGiven;
	readonly machine: Machine;
	readonly kernel: Kernel;
	readonly tree: ModuleTree;
	readonly say: Say;
};

type Places = {
	readonly release: string;
	/** The directory with the modules. `output` is the directory that the index files are written to. */
	readonly directory: string;
	readonly output: string;
};

export function placesOf({ options, operands: [version] }: DepmodGiven, machine: Machine, kernel: Kernel): Places {
	const { basedir, outdir, moduledir = "/lib/modules" } = options;
	const release = version ?? kernel.release;
	const below = (root: string | undefined) => {
		const modules = moduledir.startsWith("/") ? moduledir : `/${moduledir}`;
		return `${root === undefined ? "" : pathFromHere(machine, root)}${modules}/${release}`;
	};
	return { release, directory: below(basedir), output: below(outdir ?? basedir) };
}
