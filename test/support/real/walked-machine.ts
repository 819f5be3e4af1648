// A machine's devices as the walk of /sys and the port Inspection find them, in the form of a capture: what a reader of a captured
// machine must find as well.
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { CapturedDevice } from "../../../src/agent/capture/capture.js";
import { parseProperties } from "../../../src/libkmod/formats/properties.js";
import { openInspection } from "../../../src/linux/devices/inspection.js";
import { walkDevices } from "../../../src/linux/devices/sysfs.js";

export type WalkedMachineDevice = Omit<CapturedDevice, "modalias" | "uevent" | "dmKind"> & {
	readonly aliases: readonly string[];
	readonly properties: Readonly<Record<string, string>>;
};

export function walkMachine(sysfs: string): readonly WalkedMachineDevice[] {
	const inspection = openInspection(sysfs);
	return [...walkDevices(sysfs, () => true)].map(({ devpath, aliases, properties }) => {
		const state = devpath.startsWith("/module/") ? undefined : inspection.device(devpath);
		const told = [...properties].filter(([key]) => !["ACTION", "DEVPATH", "SUBSYSTEM"].includes(key));
		return withoutAbsent({
			devpath,
			aliases,
			properties: Object.fromEntries(told),
			// A module's is told by its path.
			subsystem: devpath.startsWith("/module/") ? undefined : properties.get("SUBSYSTEM"),
			onBus: state?.subsystem === undefined ? undefined : state.onBus,
			driver: state?.driver,
			driverModule: state?.driverModule,
			physicalNode: state?.physicalNode,
			driverOverride: state?.driverOverride,
			waitingForSupplier: state?.waitingForSupplier,
			suppliers: state?.suppliers.map((supplier) => supplier.devpath),
			slaves: listSlaves(sysfs, devpath),
			mdLevel: readWord(`${sysfs}${devpath}/md/level`),
		});
	});
}

/** A device of a capture in the same form. */
export function asWalked({ modalias, uevent, dmKind: _, ...rest }: CapturedDevice): WalkedMachineDevice {
	const lines = uevent?.split("\n").filter((line) => line.startsWith("MODALIAS=")) ?? [];
	const aliases = [...(modalias?.split("\n") ?? []), ...lines.map((line) => line.slice("MODALIAS=".length))];
	return {
		...rest,
		aliases: [...new Set(aliases.filter((alias) => alias !== ""))],
		properties: Object.fromEntries(parseProperties(`\n${uevent ?? ""}`, "\n")),
	};
}

function listSlaves(sysfs: string, devpath: string): readonly string[] {
	const directory = `${sysfs}${devpath}/slaves`;
	if (lstatSync(Buffer.from(directory, "latin1"), { throwIfNoEntry: false }) === undefined) return [];
	return readdirSync(directory).map((name) => join(devpath, "slaves", readlinkSync(join(directory, name))));
}

function readWord(path: string): string | undefined {
	if (lstatSync(Buffer.from(path, "latin1"), { throwIfNoEntry: false }) === undefined) return undefined;
	return readFileSync(path, "latin1").trimEnd();
}

function withoutAbsent(
	device: { [Key in keyof WalkedMachineDevice]: WalkedMachineDevice[Key] | undefined },
): WalkedMachineDevice {
	const kept = Object.entries(device).filter(
		([key, value]) => value !== undefined && (key === "aliases" || !(Array.isArray(value) && value.length === 0)),
	);
	return Object.fromEntries(kept) as WalkedMachineDevice;
}
