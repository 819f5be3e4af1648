// Writes a capture into a folder as the root directory of its machine, for commands that take one.

import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Capture } from "../../../src/agent/capture/capture.js";

/** Devices with their attributes and links, files, indexes, and an empty file for each module that is there. */
export function writeCapturedFolder(folder: string, { devices, files, modules }: Capture): void {
	const write = (path: string, content: string | Buffer): void => {
		mkdirSync(dirname(join(folder, path)), { recursive: true });
		writeFileSync(join(folder, path), content);
	};
	const link = (path: string, target: string): void => {
		mkdirSync(dirname(join(folder, path)), { recursive: true });
		symlinkSync(relative(dirname(path), target), join(folder, path));
	};
	for (const [path, content] of Object.entries(files)) write(path, Buffer.from(content, "latin1"));
	const drivers = new Map(
		devices.flatMap(({ subsystem, driver, driverModule }) =>
			driverModule === undefined ? [] : [[`sys/bus/${subsystem}/drivers/${driver}/module`, driverModule] as const],
		),
	);
	for (const [path, module] of drivers) link(path, `sys/module/${module}`);
	for (const { devpath, modalias, uevent, subsystem, onBus, driver } of devices) {
		mkdirSync(join(folder, "sys", devpath), { recursive: true });
		if (modalias !== undefined) write(`sys${devpath}/modalias`, `${modalias}\n`);
		if (uevent !== undefined) write(`sys${devpath}/uevent`, `${uevent}\n`);
		if (subsystem !== undefined) link(`sys${devpath}/subsystem`, `sys/${onBus ? "bus" : "class"}/${subsystem}`);
		if (driver !== undefined) link(`sys${devpath}/driver`, `sys/bus/${subsystem}/drivers/${driver}`);
	}
	if (modules === undefined) return;
	for (const [name, { gzip = "" }] of Object.entries(modules.files)) {
		const content = gunzipSync(Buffer.from(gzip, "base64"));
		write(`${modules.directory}/${name}`, content);
		if (name === "modules.dep")
			for (const [path = ""] of content.toString("latin1").matchAll(/^[^:]+/gm))
				write(`${modules.directory}/${path}`, "");
	}
}
