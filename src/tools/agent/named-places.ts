// The places that a command's options name: none of their names is empty, and another machine's root is a directory. A name that
// is empty is a script's variable that is not set: no default is what it means.

import { exitStatus } from "../../agent/telling/exit-status.js";
import type { Kernel, ModuleFiles } from "../../libkmod/kernel/kernel.js";
import { whyNoDirectory } from "../../libkmod/knowledge/configuration-files.js";
import type { Machine } from "../../ports/machine.js";
import { pathFromHere } from "../command-line/module-directory.js";
import { type AgentOptions, namedRoot, StartFailure } from "./agent-start.js";

type Naming = AgentOptions & { readonly runDirectory?: string | undefined };

/** The kernel that modules are loaded into, with the files of the machine that is meant, and the options as they count. */
export type Opened<Given> = { readonly kernel: Kernel & ModuleFiles; readonly given: Given };

/**
 * Opens the machine that the options mean. Its root is absolute from here on: who reads plans and logs may be in another directory.
 * @throws {StartFailure} @throws {Refusal} by "list" where it cannot be told whether the root is a directory
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
