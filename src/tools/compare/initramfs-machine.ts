// The machine that an initramfs is to boot: this one, captured in memory, the one whose root is a directory, or the one that a file
// has captured.

import type { Capture } from "../../agent/capture/capture.js";
import { parseCapture } from "../../agent/capture/capture-format.js";
import { openCapture } from "../../agent/capture/captured-machine.js";
import { MOST_REPORT_BYTES, readAnyCapture } from "../../agent/importing/read-any-capture.js";
import { exitStatus } from "../../agent/telling/exit-status.js";
import { MalformedIndex } from "../../libkmod/formats/index-file.js";
import { HotplugdError } from "../../libkmod/kernel/errors.js";
import { type Files, Refusal } from "../../libkmod/kernel/kernel.js";
import { type Knowledge, MissingIndexes, readKnowledge } from "../../libkmod/knowledge/knowledge.js";
import type { Machine } from "../../ports/machine.js";
import { StartFailure } from "../agent/start-failure.js";
import { captureMachine } from "../capture/capture-machine.js";
import { pathFromHere } from "../command-line/module-directory.js";

export type BootedMachine = {
	readonly capture: Capture;
	/** Undefined where the indexes of its kernel are not there. */
	readonly knowledge: Knowledge | undefined;
};

/**
 * @param word the root of another machine, or a file that tells of one. Undefined for this machine.
 * @throws {StartFailure} @throws {Refusal}
 */
export async function readBootedMachine(machine: Machine, word: string | undefined): Promise<BootedMachine> {
	const path = word === undefined || word === "-" ? undefined : pathFromHere(machine, word);
	const isRoot = path !== undefined && (await machine.kernel()).list(path) !== undefined;
	return word === undefined || isRoot ? await takeMachine(machine, path ?? "") : await openFile(machine, word);
}

/** @param root "" for this machine */
async function takeMachine(machine: Machine, root: string): Promise<BootedMachine> {
	const { capture } = await captureMachine(
		{
			...{ dirname: root === "" ? undefined : root, withoutIndexes: true },
			...{ setVersion: undefined, sysfs: undefined, log: undefined, socket: undefined },
		},
		machine,
	);
	return { capture, knowledge: readIfThere(await machine.kernel({ root }), capture, root) };
}

async function openFile(machine: Machine, word: string): Promise<BootedMachine> {
	const files = await machine.captureFiles();
	const path = word === "-" ? word : pathFromHere(machine, word);
	const bytes = await files.readWhole(path, MOST_REPORT_BYTES);
	try {
		const capture = readAnyCapture(bytes, files, parseCapture);
		return { capture, knowledge: readIfThere(openCapture(capture, files).kernel, capture) };
	} catch (error) {
		if (!(error instanceof HotplugdError) || error instanceof Refusal) throw error;
		throw new StartFailure(`${word}: ${error.message}`, exitStatus.unable);
	}
}

/** The machine's own modprobe.d is of no use in an initramfs, which has a copy. */
function readIfThere(files: Files, { modules }: Capture, root = ""): Knowledge | undefined {
	if (modules === undefined) return undefined;
	const moduleDirectory = root + modules.directory;
	try {
		return readKnowledge(files, { moduleDirectory, root, configPaths: [], kernelCommandLine: "" });
	} catch (error) {
		if (error instanceof MissingIndexes || error instanceof MalformedIndex || error instanceof Refusal)
			return undefined;
		throw error;
	}
}
