// A capture of a report of nixos-facter: JSON with what hwinfo found, each device with its path below /sys, the alias that the
// kernel's modules match, and its driver. hwinfo looks at PCI, USB, virtio, SCSI and the like: other devices are not in a report.
// Serials, addresses and the tables of SMBIOS are left out. Pure.

import type { Capture, CapturedDevice } from "../capture/capture.js";
import { explainTooMuchJson } from "../capture/json-depth.js";
import { sortBy } from "./archived-devices.js";
import { configurationPlaces, kernelFiles, neverHeld } from "./needed-paths.js";
import { MOST_IMPORTED_DEVICES } from "./udev-export.js";
import { UnreadableReport } from "./unreadable-report.js";
import { releaseOfUsbHub } from "./usb-hub-release.js";

type Fields = Readonly<Record<string, unknown>>;

/** @param text one character a byte @throws {UnreadableReport} when it is no JSON, or no report */
export function readFacterReport(text: string): Capture {
	const report = parseObject(text);
	const entries = hardwareOf(report);
	const devices = new Map<string, CapturedDevice>();
	let release: string | undefined;
	for (const entry of entries) {
		release ??= hubRelease(entry);
		const device = deviceOf(entry);
		if (device !== undefined && !devices.has(device.devpath)) devices.set(device.devpath, device);
		if (devices.size > MOST_IMPORTED_DEVICES)
			throw new UnreadableReport(`it lists more than ${MOST_IMPORTED_DEVICES.toLocaleString("en")} devices`);
	}
	if (devices.size === 0)
		throw new UnreadableReport("it looks like a report of nixos-facter, and no device in it has an alias");
	const architecture = architectureOf(report);
	return {
		hotplugdCapture: 1,
		by: "nixos-facter",
		...(release !== undefined && { release }),
		...(architecture !== undefined && { architecture }),
		masked: false,
		devices: sortBy(({ devpath }) => [devpath], [...devices.values()]),
		files: {},
		lacks: [
			...lackingFields,
			...(release === undefined ? ["release"] : []),
			...(architecture === undefined ? ["architecture"] : []),
		].sort(),
	};
}

/** What a report does not have, whatever the machine. */
const lackingFields: readonly string[] = [
	// The buses that hwinfo does not look at: acpi, platform, serio, hid, input, dmi, cpu.
	...["devices", "devices.uevent", "devices.physicalNode", "devices.driverOverride", "devices.waitingForSupplier"],
	...["devices.suppliers", "devices.slaves", "devices.dmKind", "devices.dmTargets", "devices.mdLevel"],
	...["modules", "drivers", "log", "answers", "mounts"],
	...[...kernelFiles, ...configurationPlaces, ...neverHeld],
];

function parseObject(text: string): Fields {
	const tooMuch = explainTooMuchJson(text);
	if (tooMuch !== undefined) throw new UnreadableReport(`it looks like a report of nixos-facter, and ${tooMuch}`);
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch (thrown) {
		if (!(thrown instanceof SyntaxError)) throw thrown;
		throw new UnreadableReport("it looks like a report of nixos-facter, and is no JSON: it is cut off, or damaged", {
			cause: thrown,
		});
	}
	if (!isFields(value)) throw new UnreadableReport("it looks like a report of nixos-facter, and is no JSON object");
	return value;
}

const isFields = (value: unknown): value is Fields =>
	typeof value === "object" && value !== null && !Array.isArray(value);

/** Lists of devices by class; the first versions had one list. */
function hardwareOf({ hardware }: Fields): readonly Fields[] {
	const lists = Array.isArray(hardware) ? [hardware] : isFields(hardware) ? Object.values(hardware) : undefined;
	if (lists === undefined)
		throw new UnreadableReport("it looks like a report of nixos-facter, and has no list of hardware");
	return lists.flatMap((list: unknown) => (Array.isArray(list) ? list.filter(isFields) : []));
}

/** A device without an alias is left out: its driver may be one of a device above it. */
function deviceOf(entry: Fields): CapturedDevice | undefined {
	const [devpath, modalias] = [textIn(entry, "sysfs_id"), textIn(entry, "module_alias")];
	if (devpath === undefined || modalias === undefined || !isDevicePath(devpath)) return undefined;
	const [driver, driverModule] = [textIn(entry, "driver"), textIn(entry, "driver_module")];
	const subsystem = /^[a-z0-9_-]+(?=:)/.exec(modalias)?.[0];
	return {
		devpath,
		...(subsystem !== undefined && { subsystem, onBus: true }),
		modalias,
		...(driver !== undefined && { driver }),
		...(driver !== undefined && driverModule !== undefined && { driverModule }),
	};
}

const isDevicePath = (path: string): boolean =>
	path.length <= 4096 && /^\/devices(?:\/[^/]+)+$/s.test(path) && !/\/\.\.?(?:\/|$)/.test(path);

/** The text of a field, one character a byte. Undefined when it is empty, or has a character that is no byte, or a line end. */
function textIn(fields: Fields, name: string): string | undefined {
	const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
	return typeof value === "string" && /^[^\0\n\u0100-\uffff]{1,65536}$/.test(value) ? value : undefined;
}

/** Such as x86_64-linux. */
function architectureOf(report: Fields): string | undefined {
	const [, machine] = /^([A-Za-z0-9_]+)-linux$/.exec(textIn(report, "system") ?? "") ?? [];
	return machine;
}

function hubRelease(entry: Fields): string | undefined {
	const { vendor } = entry;
	return isFields(vendor) ? releaseOfUsbHub(textIn(vendor, "name") ?? "") : undefined;
}
