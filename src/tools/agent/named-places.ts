// Checks the paths that a command's options name: no path is empty, and the root of another machine is a directory. An empty path
// comes from an unset variable of a script, so it is an error and does not stand for the default.

import { exitStatus } from "../../agent/telling/exit-status.js";
import type { Kernel, ModuleFiles } from "../../libkmod/kernel/kernel.js";
import { whyNoDirectory } from "../../libkmod/knowledge/configuration-files.js";
import type { Machine } from "../../ports/machine.js";
import { pathFromHere } from "../command-line/module-directory.js";
import { type AgentOptions, namedRoot } from "./agent-options.js";
import { StartFailure } from "./start-failure.js";

type Naming = AgentOptions & {
	readonly runDirectory?: string | undefined;
	/** Of explain. */
	readonly also?: readonly string[];
	readonly log?: string | undefined;
};

/**
 * `kernel` is the kernel to load modules into, with the files of the named machine. `given` are the options with an absolute
 * root.
 */
export type Opened<Given> = { readonly kernel: Kernel & ModuleFiles; readonly given: Given };

/**
 * Opens the machine that the options name. Its root becomes absolute, since a reader of plans and logs may be in another
 * directory.
 * @throws {StartFailure} when a path is empty, or the root is no directory
 * @throws {Refusal} by "list" when the root cannot be examined
 */
export async function openMachine<Given extends Naming>(machine: Machine, asked: Given): Promise<Opened<Given>> {
	refuseEmptyNames(asked);
	const given = withAbsoluteRoot(machine, asked);
	const root = namedRoot(given);
	const kernel = await machine.kernel({ root });
	if (root !== "" && kernel.list(root) === undefined)
		throw new StartFailure(`-d ${asked.dirname}: ${whyNoDirectory(kernel, root)}`, exitStatus.usage);
	return { kernel, given };
}

function withAbsoluteRoot<Given extends AgentOptions>(machine: Machine, given: Given): Given {
	const { dirname } = given;
	return dirname === undefined || dirname === "" ? given : { ...given, dirname: pathFromHere(machine, dirname) };
}

function refuseEmptyNames({ policy, sysfs, runDirectory, configPath, config, also = [], log }: Naming): void {
	const named: readonly (readonly [string, string, readonly (string | undefined)[]])[] = [
		["--policy", "directory", policy],
		["--sysfs", "directory", [sysfs]],
		["--run-directory", "directory", [runDirectory]],
		["-C", "file or directory", configPath],
		["--config", "file", [config]],
		["--also", "directory", also],
		["--log", "file", [log]],
	];
	const empty = named.find(([, , names]) => names.includes(""));
	if (empty === undefined) return;
	const [option, kind] = empty;
	throw new StartFailure(`${option} names no ${kind}: it is empty`, exitStatus.usage);
}
