// Writes a machine into a folder, which -d and compare take as its root: a world's modules and modprobe.d, devices, rules and the
// kernel command line.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { NamedDevices } from "./compared-sides.js";
import type { World } from "./world.js";
import { writeWorld } from "./world-folder.js";

export type MachineOfWorld = {
	readonly world: Partial<World>;
	readonly devices?: NamedDevices;
	/** The text of a file of rules. */
	readonly rules?: string;
	/** The subsystem of all devices. None when absent. */
	readonly subsystem?: string;
};

const folder = mkdtempSync(join(tmpdir(), "machines-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

/** The path of a folder of its own, which is removed when the process exits. */
export function writeMachine(name: string, { world, devices = {}, rules, subsystem }: MachineOfWorld): string {
	const root = join(folder, name);
	rmSync(root, { recursive: true, force: true });
	writeWorld(root, { modules: {}, ...world });
	const write = (path: string, text: string): void => {
		mkdirSync(dirname(join(root, path)), { recursive: true });
		writeFileSync(join(root, path), text, "latin1");
	};
	write("proc/cmdline", `${world.commandLine ?? ""}\n`);
	mkdirSync(join(root, "sys/devices"), { recursive: true });
	if (rules !== undefined) write("etc/hotplugd/rules.d/rules.toml", rules);
	for (const [device, aliases] of Object.entries(devices)) {
		const lines = [aliases].flat().map((alias) => `MODALIAS=${alias}\n`);
		const [first] = [aliases].flat();
		if (first !== undefined) write(`sys/devices/${device}/modalias`, `${first}\n`);
		write(`sys/devices/${device}/uevent`, lines.join(""));
		if (subsystem !== undefined) symlinkSync(`/sys/bus/${subsystem}`, join(root, "sys/devices", device, "subsystem"));
	}
	return root;
}
