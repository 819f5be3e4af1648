// hotplugd capture: writes what decides which modules this machine loads into one file (docs/capture.md), for a bug report or for a
// comparison. What is this machine's own is replaced, unless --unmasked is given.

import { formatCapture } from "../../agent/capture/capture-format.js";
import { maskCapture } from "../../agent/taking/masked-capture.js";
import { exitStatus } from "../../agent/telling/exit-status.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { explainRefusal } from "../../libkmod/text/explain-refusal.js";
import { printable } from "../../libkmod/text/printable.js";
import type { Machine } from "../../ports/machine.js";
import { complainOf, StartFailure } from "../agent/start-failure.js";
import { defineTool } from "../command-line/command-line.js";
import { pathFromHere } from "../command-line/module-directory.js";
import { captureMachine } from "./capture-machine.js";
import { type CaptureOptions, captureOptions } from "./capture-options.js";

export const capture = defineTool({
	name: "hotplugd capture",
	summary: "Writes what decides which modules this machine loads into one file.",
	usage: ["[OPTION...] [FILE]"],
	options: captureOptions,
	uncaptured: "makes the file of this machine, or of the one whose root -d names",
	mostOperands: 1,
	async run({ options, operands: [file = "-"] }, machine) {
		try {
			return await writeCapture(file, options, machine);
		} catch (error) {
			return complainOf(error, "hotplugd capture", machine);
		}
	},
});

async function writeCapture(file: string, given: CaptureOptions, machine: Machine): Promise<number> {
	const { capture: taken, rules, unread } = await captureMachine(given, machine);
	// Nobody was asked for another machine's.
	const unasked = given.dirname === undefined ? ["answers"] : ["answers", "devices.dmTargets"];
	const told = unread.filter((one) => !unasked.includes(one)).toSorted();
	if (told.length > 0)
		machine.complain(
			`hotplugd capture: could not be read, and is not in the capture: ${told.map(printable).join(", ")}\n`,
		);
	const text = formatCapture(given.unmasked ? taken : maskCapture(taken, rules).capture);
	if (file === "-") machine.print(text);
	else await writeFile(pathFromHere(machine, file), text, machine);
	return exitStatus.done;
}

/** @throws {StartFailure} */
async function writeFile(path: string, text: string, machine: Machine): Promise<void> {
	const content = Buffer.from(text, "latin1");
	const packed = path.endsWith(".gz") ? (await machine.captureFiles()).gzip(content) : content;
	try {
		await machine.writeWholeFile(path, packed);
	} catch (error) {
		if (!(error instanceof Refusal)) throw error;
		throw new StartFailure(explainRefusal(error, error.why), exitStatus.unable);
	}
}
