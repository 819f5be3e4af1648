// Names that masking leaves alone outside of slots, since they are names of modules, drivers and buses, or words of configuration
// and of the kernel command line: docs/capture.md, "Protected names". Pure.

import { bounds } from "../../libkmod/kernel/bounds.js";
import type { Files } from "../../libkmod/kernel/kernel.js";
import { ifReadable } from "../../libkmod/kernel/presence.js";
import { normaliseModuleName } from "../../libkmod/text/module-name.js";
import type { Capture } from "../capture/capture.js";
import { fold } from "./folding.js";

const WORDS =
	`action add admin administrator alias allow alsa arch auto bin block boot bus change char class command conf config crypto data debian
	default deny dev device devices devname devpath disk dmi dri drm driver drivers efi etc fedora file firmware fs hid home hotplug
	hotplugd i2c id ignore include input install kernel lan lib lib64 linux live load local localdomain localhost log lvm mapper mask
	media mei misc mmc mnt modprobe module modules net node none off online opt options pci pcie platform policy post pre primary proc
	property quiet remove root rules run sbin scsi serial soc softdep source spi splash srv subsystem swap sys system test tmp toml tty
	ubuntu udev unknown usb user users usr var virtual weakdep wmi`.split(/\s+/);

/**
 * All protected names of a machine, folded.
 * @param moduleDirectory of the indexes, the root of another machine included. Undefined when there is none
 */
export function listProtectedNames(
	files: Pick<Files, "read">,
	moduleDirectory: string | undefined,
	capture: Pick<Capture, "devices" | "files" | "drivers">,
): ReadonlySet<string> {
	const names = new Set(WORDS);
	const add = (name: string | undefined): void => {
		if (name !== undefined && name !== "") names.add(fold(name));
	};
	if (moduleDirectory !== undefined)
		for (const list of ["modules.dep", "modules.builtin"])
			for (const line of linesOf(files, `${moduleDirectory}/${list}`))
				add(normaliseModuleName(line.split(":", 1)[0] ?? ""));
	for (const line of (capture.files["/proc/modules"] ?? "").split("\n")) add(line.split(" ", 1)[0]);
	for (const { devpath, driver, driverModule, subsystem } of capture.devices) {
		if (devpath.startsWith("/module/")) add(devpath.slice("/module/".length));
		for (const name of [driver, driverModule, subsystem]) add(name);
	}
	for (const { module, bus, name } of capture.drivers ?? []) for (const one of [module, bus, name]) add(one);
	return names;
}

function linesOf(files: Pick<Files, "read">, path: string): readonly string[] {
	const content = ifReadable(() => files.read(path, bounds.index)) ?? Buffer.alloc(0);
	return content.toString("latin1").split("\n");
}
