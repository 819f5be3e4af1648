// What is checked before coldplug and the daemon begin: `hotplugd=` on the kernel command line, and free file descriptors.

import { exitStatus } from "../../agent/telling/exit-status.js";
import { readKernelWord } from "../../libkmod/formats/kernel-command-line.js";
import { type Files, Refusal } from "../../libkmod/kernel/kernel.js";
import { readKernelCommandLine } from "../../libkmod/knowledge/configuration.js";
import { printable } from "../../libkmod/text/printable.js";
import type { Machine } from "../../ports/machine.js";
import { type AgentOptions, commandLineFileOf } from "./agent-options.js";
import { StartFailure } from "./start-failure.js";

/**
 * Reads `hotplugd=` from the kernel command line. An administrator who boots with `hotplugd=off` wants neither agent nor
 * coldplug, and leaves loading to udev or modprobe. `off` is true in that case. `remark` is a message for the user, if there is
 * one.
 */
export function readSwitch(
	files: Pick<Files, "read">,
	options: AgentOptions,
): { readonly off: boolean; readonly remark?: string } {
	const file = commandLineFileOf(options);
	let value: string | undefined;
	try {
		value = readKernelWord(readKernelCommandLine(files, file) ?? "", "hotplugd");
	} catch (error) {
		if (!(error instanceof Refusal)) throw error;
		return { off: false, remark: `could not read ${file}: ${error.why}, so a hotplugd= in that file is ignored` };
	}
	if (value === undefined || value === "on") return { off: false };
	const word = "on the kernel command line";
	if (value === "off") return { off: true, remark: `hotplugd=off is ${word}: nothing is loaded` };
	return {
		off: false,
		remark: `hotplugd=${printable(value)} ${word} is ignored: it must be hotplugd=off or hotplugd=on`,
	};
}

/** File descriptors: 16 for concurrent insertions, 16 for concurrent attribute reads, and 8 for sockets and other files. */
const FILES_NEEDED = 40;

/**
 * Checks that enough file descriptors are free. The caller checks before it begins anything else: a lack of descriptors would
 * make insertions fail that could otherwise succeed.
 * @throws {StartFailure} when too few descriptors are free
 */
export async function needOpenFiles(machine: Machine): Promise<void> {
	const files = await machine.openFiles?.();
	if (files === undefined || files.left >= FILES_NEEDED) return;
	const { left, most = "so few" } = files;
	throw new StartFailure(
		`only ${most} files may be open at once, which leaves ${left} of the ${FILES_NEEDED} that loading modules may need: raise the limit (ulimit -n, LimitNOFILE=)`,
		exitStatus.unable,
	);
}
