// Debian's own boot under User-mode Linux, the reference for other boots. vm-boot.ts has the same for emulated machines.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { digest } from "./images/cache.js";
import { rootImage } from "./images/root-image.js";
import { umlKernel } from "./images/uml-kernel.js";
import { startUml, type UmlMachine, umlDevices } from "./uml.js";
import { type BootRecord, keptRecord, recordBoot, recorder } from "./vm-boot.js";

/** Debian with these devices and the log level debug in udevd. */
export const debianMachine: UmlMachine = { init: "systemd", devices: umlDevices, append: "udev.log_level=debug" };

let unmodified: Promise<BootRecord> | undefined;

/** The recorded boot of that machine. It is made once and kept; uml.test.ts checks that a boot made now is equal. */
export function unmodifiedUmlBoot(): Promise<BootRecord> {
	unmodified ??= recallUnmodified();
	return unmodified;
}

async function recallUnmodified(): Promise<BootRecord> {
	const { release, version } = await umlKernel();
	const key = digest(basename(await rootImage("systemd")), umlDevices, readFileSync(recorder));
	return await keptRecord(`unmodified-boot-uml-${release}_${version}-${key}.json`, () => bootUnmodifiedUml());
}

export async function bootUnmodifiedUml(machine: UmlMachine = {}): Promise<BootRecord> {
	const vm = await startUml({ ...debianMachine, ...machine });
	try {
		return await recordBoot(vm);
	} finally {
		await vm.stop();
	}
}
