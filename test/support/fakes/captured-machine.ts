// The captured machine (fixtures/machine.json), unpacked to folders: one that tests read, and copies that they damage.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import type { Capture, CapturedDevice } from "../../../src/agent/capture/capture.js";
import { parseCapture } from "../../../src/agent/capture/capture-format.js";
import { releaseOf } from "../../../src/agent/capture/captured-machine.js";
import { once } from "../../../src/libkmod/kernel/once.js";
import { captureFiles } from "../../../src/linux/captures/capture-files.js";

export const capturedFile = "fixtures/machine.json";

const capture = parseCapture(readFileSync(capturedFile));

export const release = releaseOf(capture);
/** The module directory, relative to a copy's folder. */
export const modules = `lib/modules/${release}`;
export const indexes: readonly string[] = [
	"modules.dep.bin",
	"modules.alias.bin",
	"modules.symbols.bin",
	"modules.builtin.bin",
	"modules.builtin.alias.bin",
];

const folder = mkdtempSync(join(tmpdir(), "captured-machine-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

let machines = 0;

/** Returns the folder of a new copy. The folder is removed when the process exits. */
export function copyMachine(): string {
	const machine = join(folder, `${machines++}`);
	unpackCapture(capture, machine);
	return machine;
}

/** The folder of a copy that nobody changes. */
export const readMachine = once(copyMachine);

/** The message about an unusable index of a copy, with MACHINE in place of the copy's folder. */
export const unusable = (index: string, why: string) =>
	`MACHINE/${modules}/${index} is not a usable index: ${why}; run depmod to make it anew\n`;

/** Writes what a capture holds into a folder that becomes the root of a machine: a real one has more links and attributes. */
export function unpackCapture({ devices, files, modules: indexed }: Capture, root: string): void {
	for (const device of devices) unpackDevice(device, `${root}/sys`);
	for (const [path, content] of Object.entries(files)) write(root + path, Buffer.from(content, "latin1"));
	for (const [name, { gzip = "", bytes }] of Object.entries(indexed?.files ?? {}))
		write(`${root}${indexed?.directory}/${name}`, captureFiles.gunzip(Buffer.from(gzip, "base64"), bytes));
}

function unpackDevice(device: CapturedDevice, sysfs: string): void {
	const { devpath, modalias, uevent, subsystem, onBus, driver, physicalNode } = device;
	const place = sysfs + devpath;
	mkdirSync(place, { recursive: true });
	if (modalias !== undefined) writeFileSync(`${place}/modalias`, `${modalias}\n`, "latin1");
	if (uevent !== undefined) writeFileSync(`${place}/uevent`, uevent === "" ? "" : `${uevent}\n`, "latin1");
	const group = `${sysfs}/${onBus ? "bus" : "class"}/${subsystem}`;
	if (subsystem !== undefined) symlinkSync(relative(place, group), `${place}/subsystem`);
	if (physicalNode !== undefined) symlinkSync(relative(place, sysfs + physicalNode), `${place}/physical_node`);
	if (driver !== undefined) symlinkSync(relative(place, `${group}/drivers/${driver}`), `${place}/driver`);
}

function write(path: string, content: Buffer): void {
	mkdirSync(dirname(path), { recursive: true });
	writeFileSync(path, content);
}
