// The machine that an initramfs is to boot: this one, captured in memory, the one whose root is a directory, or the one that a file
// has captured.

import type { Capture } from "../../agent/capture/capture.js";
import { parseCapture } from "../../agent/capture/capture-format.js";
import { openCapture, releaseOf } from "../../agent/capture/captured-machine.js";
import { MOST_REPORT_BYTES, readAnyCapture } from "../../agent/importing/read-any-capture.js";
import { exitStatus } from "../../agent/telling/exit-status.js";
import { MalformedIndex } from "../../libkmod/formats/index-file.js";
import { HotplugdError } from "../../libkmod/kernel/errors.js";
import { type Files, Refusal } from "../../libkmod/kernel/kernel.js";
import { moduleDirectories } from "../../libkmod/kernel/other-root.js";
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

/** What the call names beside the machine. */
export type BootRequest = {
	/** The release of the kernel that boots with the image. Of another machine's root, its modules are taken. */
	readonly setVersion?: string | undefined;
	/** The root whose modules count in place of a capture's. */
	readonly dirname?: string | undefined;
};

/**
 * @param word the root of another machine, or a file that tells of one. Undefined for this machine.
 * @throws {StartFailure} @throws {Refusal}
 */
export async function openBootedMachine(
	machine: Machine,
	word: string | undefined,
	request: BootRequest,
): Promise<BootedMachine> {
	if (word === undefined) return takeMachine(machine, "", undefined);
	const path = word === "-" ? word : pathFromHere(machine, word);
	if (word !== "-" && (await machine.kernel()).list(path) !== undefined)
		return takeMachine(machine, path, request.setVersion);
	const capture = await readCaptureFile(machine, path, word);
	return { capture, knowledge: await readModulesOf(machine, capture, request) };
}

/** @param root "" for this machine */
async function takeMachine(machine: Machine, root: string, setVersion: string | undefined): Promise<BootedMachine> {
	const { capture } = await captureMachine(
		{
			...{ dirname: root === "" ? undefined : root, withoutIndexes: true, setVersion },
			...{ sysfs: undefined, log: undefined, socket: undefined },
		},
		machine,
	);
	const directory = capture.modules?.directory;
	const kernel = await machine.kernel({ root });
	return { capture, knowledge: directory === undefined ? undefined : readIfThere(kernel, root + directory, root) };
}

async function readCaptureFile(machine: Machine, path: string, word: string): Promise<Capture> {
	const files = await machine.captureFiles();
	const bytes = await files.readWhole(path, MOST_REPORT_BYTES);
	try {
		return readAnyCapture(bytes, files, parseCapture);
	} catch (error) {
		if (!(error instanceof HotplugdError) || error instanceof Refusal) throw error;
		throw new StartFailure(`${word}: ${error.message}`, exitStatus.unable);
	}
}

/** The modules of the capture, or those below -d. @throws {StartFailure} where -d has none of the capture's kernel */
async function readModulesOf(
	machine: Machine,
	capture: Capture,
	{ dirname }: BootRequest,
): Promise<Knowledge | undefined> {
	if (dirname === undefined) {
		const { kernel } = openCapture(capture, await machine.captureFiles());
		return capture.modules === undefined ? undefined : readIfThere(kernel, capture.modules.directory, "");
	}
	const root = pathFromHere(machine, dirname);
	const kernel = await machine.kernel({ root });
	const places = moduleDirectories.map((place) => `${root}${place}/${releaseOf(capture)}`);
	for (const place of places) {
		const knowledge = readIfThere(kernel, place, root);
		if (knowledge !== undefined) return knowledge;
	}
	throw new StartFailure(`-d ${dirname}: there are no indexes of depmod in ${places[0]}`, exitStatus.unable);
}

/** The machine's own modprobe.d is of no use in an initramfs, which has a copy. */
function readIfThere(files: Files, moduleDirectory: string, root: string): Knowledge | undefined {
	try {
		return readKnowledge(files, { moduleDirectory, root, configPaths: [], kernelCommandLine: "" });
	} catch (error) {
		if (error instanceof MissingIndexes || error instanceof MalformedIndex || error instanceof Refusal)
			return undefined;
		throw error;
	}
}
