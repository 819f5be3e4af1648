// The machine that an initramfs is to boot: this one, captured in memory, the one whose root is a directory, or the one that a file
// has captured.

import type { Capture } from "../../agent/capture/capture.js";
import { MalformedIndex } from "../../libkmod/formats/index-file.js";
import { type Kernel, Refusal } from "../../libkmod/kernel/kernel.js";
import { type Knowledge, MissingIndexes, readKnowledge } from "../../libkmod/knowledge/knowledge.js";
import type { Machine } from "../../ports/machine.js";
import { captureMachine } from "../capture/capture-machine.js";
import { pathFromHere } from "../command-line/module-directory.js";

export type BootedMachine = {
	readonly capture: Capture;
	/** Undefined where the indexes of its kernel are not there. */
	readonly knowledge: Knowledge | undefined;
};

/** @param word the root of another machine. Undefined for this one. */
export async function readBootedMachine(machine: Machine, word: string | undefined): Promise<BootedMachine> {
	const root = word === undefined ? "" : pathFromHere(machine, word);
	const { capture } = await captureMachine(
		{
			...{ dirname: word === undefined ? undefined : root, withoutIndexes: true },
			...{ setVersion: undefined, sysfs: undefined, log: undefined, socket: undefined },
		},
		machine,
	);
	const kernel = await machine.kernel({ root });
	const directory = capture.modules?.directory;
	return { capture, knowledge: directory === undefined ? undefined : readIfThere(kernel, root, directory) };
}

/** The kernel's own modprobe.d is of no use: the image has a copy. */
function readIfThere(kernel: Kernel, root: string, directory: string): Knowledge | undefined {
	try {
		return readKnowledge(kernel, { moduleDirectory: root + directory, root, configPaths: [], kernelCommandLine: "" });
	} catch (error) {
		if (error instanceof MissingIndexes || error instanceof MalformedIndex || error instanceof Refusal)
			return undefined;
		throw error;
	}
}
