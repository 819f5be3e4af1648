// compare --initramfs: will this image find the disk of the machine that it is to boot?

import { listBootRecords } from "../../agent/initramfs/boot-records.js";
import { bootStatus, formatBoot } from "../../agent/initramfs/boot-text.js";
import { DamagedImage } from "../../agent/initramfs/damaged-image.js";
import { type Image, MOST_IMAGE_BYTES, readImage } from "../../agent/initramfs/image.js";
import { judgeBoot } from "../../agent/initramfs/judge-boot.js";
import { exitStatus } from "../../agent/telling/exit-status.js";
import { formatJson } from "../../libkmod/text/byte-strings.js";
import { printable } from "../../libkmod/text/printable.js";
import type { Machine } from "../../ports/machine.js";
import { StartFailure } from "../agent/start-failure.js";
import { pathFromHere } from "../command-line/module-directory.js";
import type { CompareForm, CompareOptions } from "./compare-options.js";
import { openBootedMachine } from "./initramfs-machine.js";

export const compareInitramfs: CompareForm = async (given, operands, machine) => {
	refuseOthers(given, operands);
	const image = await openImage(machine, given.initramfs ?? "");
	const booted = await openBootedMachine(machine, operands[0], given);
	const verdict = judge(() => judgeBoot({ ...booted, image, release: given.setVersion }));
	const lines = given.json ? listBootRecords(verdict).map(formatJson) : formatBoot(verdict).map(printable);
	machine.print(lines.map((line) => `${line}\n`).join(""));
	return bootStatus(verdict);
};

/** @throws {StartFailure} */
function refuseOthers(given: CompareOptions, operands: readonly string[]): void {
	const { initramfs, kernel, config, policy, dirname, setVersion } = given;
	const misuse = (line: string) => new StartFailure(line, exitStatus.usage);
	if (initramfs === "") throw misuse("--initramfs names no file: it is empty");
	if (initramfs === "-" && operands[0] === "-") throw misuse("standard input is one file, and - is named twice");
	if (dirname === "") throw misuse("-d names no directory: it is empty");
	if (setVersion === "") throw misuse("-S names no kernel release: it is empty");
	if (operands.includes("")) throw misuse("an operand names no machine: it is empty");
	if (operands.length > 1) throw misuse(`--initramfs is about one machine: '${operands[1]}' is one too many`);
	const [other] = Object.entries({ kernel, config, policy }).find(([, words]) => words.length > 0) ?? [];
	if (other !== undefined) throw misuse(`--initramfs and --${other} exclude each other: one thing is compared`);
}

/** @throws {StartFailure} for a file that is no image, or is damaged {Refusal} for one that cannot be read */
async function openImage(machine: Machine, file: string): Promise<Image> {
	const files = await machine.captureFiles();
	const bytes = await files.readRaw(file === "-" ? file : pathFromHere(machine, file), MOST_IMAGE_BYTES);
	return readImage(file, bytes, files).catch(asStartFailure);
}

function judge<Verdict>(ask: () => Verdict): Verdict {
	try {
		return ask();
	} catch (error) {
		return asStartFailure(error);
	}
}

function asStartFailure(error: unknown): never {
	throw error instanceof DamagedImage ? new StartFailure(error.message, exitStatus.unable) : error;
}
