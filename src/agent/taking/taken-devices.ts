// Makes the devices of a capture: from the texts of their attributes, and from what /sys shows of their links, which is read
// through the ports.

import { attributeWord } from "../../libkmod/formats/attribute.js";
import { bounds } from "../../libkmod/kernel/bounds.js";
import type { Files } from "../../libkmod/kernel/kernel.js";
import { ifReadable } from "../../libkmod/kernel/presence.js";
import { compareBytes } from "../../libkmod/text/byte-strings.js";
import type { Inspection } from "../../ports/inspection.js";
import type { CapturedDevice, CapturedDriver } from "../capture/capture.js";
import { deviceMapperKind } from "../capture/device-mapper-kind.js";
import { takeProperties } from "./taken-properties.js";

/** What the walk has read of a device. An Error where an attribute could not be read. */
export type DeviceRead = {
	readonly devpath: string;
	readonly modalias?: string | Error | undefined;
	readonly uevent?: string | Error | undefined;
};

export type DeviceSight = {
	readonly files: Pick<Files, "read" | "list">;
	/** Its path, the root of another machine included. */
	readonly sysfs: string;
	readonly inspection: Inspection;
	/** Keys of uevents that rules of policy name. */
	readonly ruleWords: ReadonlySet<string>;
	/** The targets of a device-mapper device, by its name. Undefined where they cannot be known. */
	readonly dmTargets: (name: string) => Promise<readonly string[] | undefined>;
};

export async function takeDevice(read: DeviceRead, sight: DeviceSight): Promise<CapturedDevice> {
	const { devpath } = read;
	if (devpath.startsWith("/module/")) return { devpath };
	const state = sight.inspection.device(devpath);
	const modalias = textIn(read.modalias);
	const uevent = textIn(read.uevent);
	const suppliers = state?.suppliers.map((supplier) => supplier.devpath) ?? [];
	return definedOf({
		devpath,
		subsystem: state?.subsystem,
		onBus: state?.subsystem === undefined ? undefined : state.onBus,
		modalias,
		uevent: uevent === undefined ? undefined : takeProperties(uevent, sight.ruleWords),
		driver: state?.driver,
		driverModule: state?.driverModule,
		physicalNode: state?.physicalNode,
		driverOverride: state?.driverOverride,
		waitingForSupplier: state?.waitingForSupplier,
		suppliers: suppliers.length > 0 ? suppliers : undefined,
		...(state?.subsystem === "block" && (await takeBlock(devpath, sight))),
	});
}

/** The attribute without the line end at its end. */
const textIn = (text: string | Error | undefined): string | undefined =>
	typeof text === "string" ? text.replace(/\n$/, "") : undefined;

type Loose<T> = { readonly [K in keyof T]: T[K] | undefined };

/** Without the fields that are undefined. */
const definedOf = (device: Loose<CapturedDevice>): CapturedDevice =>
	Object.fromEntries(Object.entries(device).filter(([, value]) => value !== undefined)) as CapturedDevice;

async function takeBlock(devpath: string, sight: DeviceSight): Promise<Partial<Loose<CapturedDevice>>> {
	const { files, sysfs, inspection } = sight;
	const word = (name: string): string | undefined => {
		const bytes = ifReadable(() => files.read(`${sysfs}${devpath}/${name}`, bounds.attribute));
		return bytes === undefined ? undefined : attributeWord(bytes);
	};
	const names = ifReadable(() => files.list(`${sysfs}${devpath}/slaves`)) ?? [];
	const slaves = names.sort().flatMap((name) => inspection.follow(`${devpath}/slaves/${name}`) ?? []);
	const name = word("dm/name");
	return {
		slaves: slaves.length > 0 ? slaves : undefined,
		dmKind: deviceMapperKind(word("dm/uuid") ?? ""),
		dmTargets: name === undefined ? undefined : await sight.dmTargets(name),
		mdLevel: word("md/level") || undefined,
	};
}

/** The drivers that modules have registered, sorted. @param modules names in /sys/module */
export function takeDrivers(modules: readonly string[], inspection: Inspection): readonly CapturedDriver[] {
	return modules
		.flatMap((module) => inspection.driversOf(module).map(({ bus, name }) => ({ module, bus, name })))
		.sort((a, b) => compareBytes(a.module, b.module) || compareBytes(a.bus, b.bus) || compareBytes(a.name, b.name));
}
