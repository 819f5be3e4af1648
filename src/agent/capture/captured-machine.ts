// A machine out of its capture: what commands ask of a kernel, of its devices and of what they show. Nothing can be changed in it.

import { type Kernel, type ModuleFiles, Refusal } from "../../libkmod/kernel/kernel.js";
import { baseName } from "../../libkmod/text/base-name.js";
import type { DeviceSources } from "../../ports/devices.js";
import type { Inspection } from "../../ports/inspection.js";
import type { Capture } from "./capture.js";
import { openCapturedDevices } from "./captured-devices.js";
import { type IndexOpener, openCapturedFiles } from "./captured-files.js";
import { openCapturedInspection } from "./captured-inspection.js";

export type CapturedMachine = {
	readonly kernel: Kernel & ModuleFiles;
	readonly devices: DeviceSources;
	readonly inspection: Inspection;
};

/** Opens a capture. Nothing is read from it before it is asked for. */
export function openCapture(capture: Capture, opener: IndexOpener): CapturedMachine {
	return {
		kernel: openCapturedKernel(capture, opener),
		devices: openCapturedDevices(capture),
		inspection: openCapturedInspection(capture),
	};
}

/** The release of a kernel of which nobody has told it. */
export const UNKNOWN_RELEASE = "unknown";

/** The release, or else the name of the directory of the modules. */
export const releaseOf = ({ release, modules }: Pick<Capture, "release" | "modules">): string =>
	release ?? (modules === undefined ? UNKNOWN_RELEASE : baseName(modules.directory));

function openCapturedKernel(capture: Capture, opener: IndexOpener): Kernel & ModuleFiles {
	return {
		...openCapturedFiles(capture, opener),
		release: releaseOf(capture),
		async readModule(path) {
			const reason = `a capture holds no module files: unpack the package of ${releaseOf(capture)}, and name its root (modinfo -b, modprobe -d)`;
			throw new Refusal({ operation: "read", subject: path, code: "ENODATA", reason });
		},
		insert: async (path) => unchangeable("insert", path),
		remove: async (module) => unchangeable("remove", module),
		run: async (command) => unchangeable("run", command),
	};
}

function unchangeable(operation: string, subject: string): never {
	throw new Refusal({ operation, subject, code: "EPERM", reason: "a captured machine cannot be changed" });
}
