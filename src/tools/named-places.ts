// The places that a command's options name: none of their names is empty, and another machine's root is a directory. A name that
// is empty is a script's variable that is not set: no default is what it means.

import { exitStatus } from "../agent/verdict.js";
import { whyNoDirectory } from "../libkmod/configuration-files.js";
import type { Kernel, ModuleFiles } from "../libkmod/kernel.js";
import { type AgentOptions, rootOf, StartFailure } from "./agent-start.js";
import type { Machine } from "./machine.js";
import { absolutePath } from "./module-directory.js";

type Naming = AgentOptions & { readonly runDirectory?: string | undefined };

/**
 * The files of the machine that the options mean, and the kernel that modules are loaded into.
 * @throws {StartFailure} @throws {Refusal} by "list" where it cannot be told whether the root is a directory
 */
export async function openMachine(machine: Machine, given: Naming): Promise<Kernel & ModuleFiles> {
	refuseEmptyNames(given);
	const root = rootOf(given);
	const kernel = await machine.kernel({ root });
	if (root !== "" && kernel.list(root) === undefined)
		throw new StartFailure(`-d ${given.dirname}: ${whyNoDirectory(kernel, root)}`, exitStatus.usage);
	return kernel;
}

/** Plans and logs name files by absolute paths, as modprobe does: who reads them may be in another directory. */
export function withAbsoluteRoot<Given extends AgentOptions>(machine: Machine, given: Given): Given {
	const { dirname } = given;
	return dirname === undefined || dirname === "" ? given : { ...given, dirname: absolutePath(machine, dirname) };
}

function refuseEmptyNames({ policy, sysfs, runDirectory, configPath, config }: Naming): void {
	const named: readonly (readonly [string, string, readonly (string | undefined)[]])[] = [
		["--policy", "directory", policy],
		["--sysfs", "directory", [sysfs]],
		["--run-directory", "directory", [runDirectory]],
		["-C", "file or directory", configPath],
		["--config", "file", [config]],
	];
	const empty = named.find(([, , names]) => names.includes(""));
	if (empty === undefined) return;
	const [option, kind] = empty;
	throw new StartFailure(`${option} names no ${kind}: it is empty`, exitStatus.usage);
}
