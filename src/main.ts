// The executable: finds the command by the name that the executable was called by, or by its first argument. A command's module
// is imported when that command is called, so that its dependencies do not slow the other commands.

import { basename, join } from "node:path";
import { asError } from "./libkmod/kernel/errors.js";
import { Refusal } from "./libkmod/kernel/kernel.js";
import { printable, printableLines } from "./libkmod/text/printable.js";
import { endByExit } from "./linux/process/process-end.js";
import { readArguments } from "./linux/process/process-words.js";
import type { Machine } from "./ports/machine.js";
import { thisMachine } from "./this-machine.js";
import { agentTools } from "./tools/agent/agent-tools.js";
import { defineTool, type Tool } from "./tools/command-line/command-line.js";
import { kmodTools } from "./tools/kmod/kmod-tools.js";

export { thisMachine };

/** The commands, keyed by the name they are called by. */
export const tools: Readonly<Record<string, () => Promise<Tool>>> = {
	coldplug: async () => (await import("./tools/coldplug/coldplug.js")).coldplug,
	run: async () => (await import("./tools/agent/run.js")).run,
	explain: async () => (await import("./tools/explain/explain.js")).explain,
	why: async () => (await import("./tools/explain/explain.js")).why,
	compare: async () => (await import("./tools/compare/compare.js")).compare,
	capture: async () => (await import("./tools/capture/capture.js")).capture,
	check: async () => (await import("./tools/agent/check.js")).check,
	"run-install-command": async () => (await import("./tools/agent/run-install-command.js")).runInstallCommand,
	...agentTools,
	kmod: async () => (await import("./tools/kmod/kmod.js")).kmod,
	...kmodTools,
};

export const hotplugd = defineTool({
	name: "hotplugd",
	summary: "Loads kernel modules for the devices that a machine has.",
	usage: ["COMMAND [ARGUMENT...]"],
	stopAtOperand: true,
	options: {
		rebuildCache: { help: "Compile hotplugd for the version of node that runs it, so that it starts faster, and exit" },
	},
	async epilogue() {
		const all = await Promise.all(Object.entries(tools).map(async ([name, load]) => [name, (await load()).summary]));
		return ["Commands:", ...all.map(([name = "", summary]) => `  ${name.padEnd(10)} ${summary}`)].join("\n");
	},
	async run({ options, operands: [command] }, machine) {
		if (options.rebuildCache) return rebuildCache();
		machine.complain(
			`hotplugd: ${command === undefined ? "missing command" : `unknown command '${printable(command)}'`}\n`,
		);
		machine.complain("Try 'hotplugd --help'.\n");
		return 2;
	},
});

/** Runs the command of a command line, whose first two words are node's own. Resolves with the exit status. */
export async function run([, called = "", ...words]: readonly string[], machine: Machine): Promise<number> {
	const byName = lookUp(basename(called));
	if (byName !== undefined) return (await byName()).start(words, machine);
	const byArgument = lookUp(words[0] ?? "");
	if (byArgument !== undefined) return (await byArgument()).start(words.slice(1), machine);
	return hotplugd.start(words, machine);
}

function lookUp(name: string): (() => Promise<Tool>) | undefined {
	return Object.hasOwn(tools, name) ? tools[name] : undefined;
}

/** Makes node's code cache anew, in a process of its own: the cache holds the functions that its process has run. */
async function rebuildCache(): Promise<number> {
	const { spawnSync } = await import("node:child_process");
	const { nodeOptions } = await import("./linux/process/node-options.js");
	const maker = join(import.meta.dirname, "code-cache.cjs");
	const { status, error } = spawnSync(process.execPath, [...nodeOptions(), maker], { stdio: "inherit" });
	if (error) throw error;
	return status ?? 1;
}

/** Runs the process's own command line and ends the process. Whatever goes wrong is one line on standard error. */
export async function main(): Promise<never> {
	process.on("uncaughtException", fail);
	endByExit();
	return process.exit(await run(readArguments(process.argv), thisMachine).catch(fail));
}

/** The exit status by which a shell reports a program that SIGPIPE has ended: 128 + 13. */
const BROKEN_PIPE = 141;

const TOO_FEW_FILES = "too few files may be open at once: raise the limit (ulimit -n, LimitNOFILE=)";

/** Whether file descriptors ran out (EMFILE) as node imported a part of this program. */
function isOfDescriptors(reason: unknown): boolean {
	return reason instanceof Error && !(reason instanceof Refusal) && (reason as NodeJS.ErrnoException).code === "EMFILE";
}

function fail(reason: unknown): never {
	if (reason instanceof Refusal && reason.operation === "write" && reason.code === "EPIPE") process.exit(BROKEN_PIPE);
	const error = isOfDescriptors(reason) ? new Error(TOO_FEW_FILES) : asError(reason);
	const debug = process.env.HOTPLUGD_DEBUG !== undefined;
	try {
		thisMachine.complain(
			debug ? `${printableLines(`${error.stack}`)}\n` : `hotplugd: ${printable(error.message.replaceAll("\n", " "))}\n`,
		);
	} catch {
		// Standard error cannot be written either: there is no way left to report the error.
	}
	return process.exit(1);
}
