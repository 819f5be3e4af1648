// What a reader of a verdict on an initramfs has to know beside the needs: what was not known, and by what was judged. Pure.

import { formatFileLine } from "../../libkmod/formats/modprobe-config.js";
import { listWords } from "../../libkmod/text/word-lists.js";
import type { BootSide } from "./boot-side.js";
import type { ImageKernel } from "./image-kernel.js";
import { listKeyboards } from "./keyboard-needs.js";
import { isEncrypted } from "./mapping-needs.js";
import type { Judging } from "./module-verdict.js";
import { needsNetwork, type Way } from "./ways.js";

/** A sentence each, without a full stop. */
export function listRemarks({ machine, kernel }: Judging, ways: readonly Way[]): readonly string[] {
	return [
		...kernelRemarks(machine, kernel),
		...indexRemarks(machine, kernel),
		...(machine.tellsDrivers && machine.tellsDriverModules
			? []
			: [
					"drivers of the machine are not known: a device counts as served when the image has any module that its alias asks for",
				]),
		...wayRemarks(machine, ways, kernel.asksPassphrase),
		...kernel.problems.map(({ file, line, message }) => `in the image, ${formatFileLine({ file, line })}: ${message}`),
	];
}

function kernelRemarks({ capture }: BootSide, { release, releases, unfit, modules }: ImageKernel): readonly string[] {
	const several =
		releases.length > 1
			? [`the image has modules of several kernels, ${listWords(releases)}: judged is ${release}`]
			: [];
	if (unfit !== undefined) return [`the image has modules of ${listWords(releases)}, and none of ${unfit}`, ...several];
	if (release !== undefined && capture.release !== undefined && release !== capture.release)
		return [
			`the image has the modules of ${release}, and the machine runs ${capture.release}: the answer is about a boot of ${release}`,
			...several,
		];
	return modules.size === 0 ? ["there is no module in the image", ...several] : several;
}

function indexRemarks({ knowledge }: BootSide, { indexes, modules }: ImageKernel): readonly string[] {
	const unknown =
		knowledge === undefined
			? [
					"the indexes of the machine's kernel are not there: what a module needs was asked of the image's own indexes alone",
				]
			: [];
	if (modules.size === 0) return [];
	if (indexes === "machine")
		return ["the image has no indexes of depmod: aliases were looked up in the machine's, and files in the image"];
	if (indexes === "none")
		return [
			"the image has no indexes of depmod that can be read: only whether the files are there was judged",
			...unknown,
		];
	return unknown;
}

function wayRemarks(machine: BootSide, ways: readonly Way[], asksPassphrase: boolean): readonly string[] {
	const remarks: string[] = [];
	if (machine.capture.mounts === undefined) remarks.push("the machine does not tell what is mounted at /");
	if (ways.some(({ blocks }) => blocks.some(({ device }) => isEncrypted(device)))) {
		if (!asksPassphrase)
			remarks.push("the image's crypttab names another key than a passphrase: no keyboard was asked for");
		else if (listKeyboards(machine).length === 0)
			remarks.push("the machine has no keyboard: how the passphrase comes was not judged");
		if (machine.capture.files["/proc/crypto"] === undefined)
			remarks.push("/proc/crypto of the machine is not known: the cipher of the encrypted disk was not judged");
	}
	if (ways.some(needsNetwork))
		remarks.push(
			"the root comes over the network: which network card the route takes was not followed, so that any counts",
		);
	return remarks;
}
