// The options of coldplug, of the daemon and of its companion that name a machine's files, and the paths that follow from them.

import { exitStatus } from "../../agent/telling/exit-status.js";
import type { Kernel } from "../../libkmod/kernel/kernel.js";
import { trimRoot } from "../../libkmod/kernel/other-root.js";
import type { Options } from "../command-line/options.js";
import { StartFailure } from "./start-failure.js";

/**
 * Options that name another machine's files, spelled as modprobe spells them. Unlike modprobe's -d, this -d concerns every file:
 * with it, the command reads no file of this machine unless another option names that file. A command that loads modules is the
 * exception: it asks the running kernel for its loaded modules and its command line.
 */
export const agentOptions = {
	dirname: {
		short: "d",
		argument: "DIR",
		help: "Take modules, configuration, settings and rules of the machine whose root is DIR",
	},
	setVersion: { short: "S", argument: "VERSION", help: "Take this kernel release instead of the running one" },
	configPath: {
		short: "C",
		argument: "PATH",
		repeat: true,
		ofHost: true,
		help: "Take this file or directory instead of modprobe.d",
	},
	config: { argument: "FILE", ofHost: true, help: "Take this settings file instead of /etc/hotplugd.toml" },
	policy: {
		argument: "DIR",
		repeat: true,
		ofHost: true,
		help: "Take the rules in DIR instead of /etc/hotplugd/rules.d and the shipped rules",
	},
} as const satisfies Options;

/** The options by which a captured machine gets other modules. */
export const otherModules = { root: "dirname", release: "setVersion" } as const;

export type AgentOptions = {
	readonly dirname: string | undefined;
	readonly setVersion: string | undefined;
	readonly configPath: readonly string[];
	readonly config: string | undefined;
	readonly policy: readonly string[];
	/** Another machine's /sys. The kernel command line of this machine does not apply to that machine, so it is not read. */
	readonly sysfs?: string | undefined;
	/** The module directory, in place of the one below the root. */
	readonly moduleDirectory?: string | undefined;
	/** The command loads no module. With another root, it then asks nothing of the running kernel. */
	readonly dryRun?: boolean;
};

/** The root directory of the machine that -d names; "" for this machine. @throws {StartFailure} when -d is empty */
export function namedRoot({ dirname }: Pick<AgentOptions, "dirname">): string {
	// An empty -d comes from an unset variable of a script. The script does not mean this machine.
	if (dirname === "") throw new StartFailure("-d names no directory: it is empty", exitStatus.usage);
	return trimRoot(dirname ?? "");
}

/** The directory of the modules and their indexes: the named one, or that of the release that -S names, or of the running kernel. */
export const moduleDirectoryOf = (
	{ release }: Pick<Kernel, "release">,
	options: Pick<AgentOptions, "dirname" | "setVersion" | "moduleDirectory">,
): string => options.moduleDirectory ?? `${namedRoot(options)}/lib/modules/${options.setVersion ?? release}`;

/** The path of the file with the machine's kernel command line. Undefined when no such file is known. */
export function commandLineFileOf(options: AgentOptions): string | undefined {
	const root = namedRoot(options);
	if (options.dryRun && root !== "") return `${root}/proc/cmdline`;
	return options.sysfs === undefined ? "/proc/cmdline" : undefined;
}
