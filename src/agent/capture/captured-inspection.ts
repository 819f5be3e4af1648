// What a captured machine shows of its devices and drivers, and its kernel's log: the port Inspection over a capture. Pure.

import { parseProperties } from "../../libkmod/formats/properties.js";
import { once } from "../../libkmod/kernel/once.js";
import { baseName } from "../../libkmod/text/base-name.js";
import type { DeviceState, DriverState, Inspection } from "../../ports/inspection.js";
import type { Capture, CapturedDevice, CapturedDriver } from "./capture.js";

export function openCapturedInspection(capture: Capture): Inspection {
	const tree = new CapturedTree(capture);
	return {
		device: (devpath) => tree.inspect(devpath),
		driversOf: (module) => tree.driversOf(module),
		follow: (path) => tree.follow(path),
		deviceOfNode: (path) => tree.deviceOfNode(path),
		nodeName(path) {
			const devpath = tree.deviceOfNode(path);
			return devpath === undefined ? undefined : baseName(devpath);
		},
		kernelLog: () => capture.log ?? { unreadable: "the capture does not hold the kernel's log" },
	};
}

class CapturedTree {
	readonly #capture: Capture;
	readonly #lacksDrivers: boolean;
	readonly #byPath: () => ReadonlyMap<string, CapturedDevice>;
	readonly #nodes: () => ReadonlyMap<string, string>;
	readonly #drivers: () => ReadonlyMap<string, readonly DriverState[]>;

	constructor(capture: Capture) {
		this.#capture = capture;
		this.#lacksDrivers = capture.lacks?.includes("devices.driver") === true;
		this.#byPath = once(() => new Map(capture.devices.map((device) => [device.devpath, device])));
		this.#nodes = once(() => listNodes(capture.devices));
		this.#drivers = once(() => listDrivers(capture));
	}

	inspect(devpath: string): DeviceState | undefined {
		const device = this.#device(devpath);
		if (device === undefined) return undefined;
		const { physicalNode, suppliers = [] } = device;
		// Where nobody knows whether a driver has bound the device, it is on no bus that binds it: none is said to be missing.
		const isKnown = device.driver !== undefined || !this.#lacksDrivers;
		return {
			devpath,
			subsystem: isKnown ? device.subsystem : undefined,
			onBus: isKnown && device.onBus === true,
			driver: device.driver,
			driverModule: device.driverModule,
			physicalNode,
			physicalDriver: physicalNode === undefined ? undefined : this.#device(physicalNode)?.driver,
			driverOverride: device.driverOverride,
			waitingForSupplier: device.waitingForSupplier,
			suppliers: suppliers.flatMap((supplier) => {
				const found = this.#device(supplier);
				return found === undefined ? [] : [{ devpath: supplier, driver: found.driver }];
			}),
		};
	}

	driversOf(module: string): readonly DriverState[] {
		return this.#drivers().get(module) ?? [];
	}

	follow(path: string): string | undefined {
		const [, link, ways = ""] = /^(.*?)((?:\/device)*)$/s.exec(path) ?? [];
		let found = this.#followLink(link ?? "");
		for (let left = ways.length / "/device".length; left > 0 && found !== undefined; left--) found = this.#above(found);
		return found ?? this.#device(path)?.devpath;
	}

	/** The links below /class, /bus/BUS/devices, /block and /dev lead to devices, and a path of a device to itself. */
	#followLink(path: string): string | undefined {
		if (path.startsWith("/devices/")) return this.#device(path)?.devpath;
		if (path.startsWith("/dev/")) return this.#nodes().get(path);
		const [, bus, name] = /^\/bus\/([^/]+)\/devices\/([^/]+)$/.exec(path) ?? [];
		if (bus !== undefined && name !== undefined) return this.#named(bus, name, true);
		const [, group, member] = /^\/(?:class\/)?([^/]+)\/([^/]+)$/.exec(path) ?? [];
		const isOfClass = path.startsWith("/class/") || group === "block";
		return group !== undefined && member !== undefined && isOfClass ? this.#named(group, member, false) : undefined;
	}

	/** @param path of a node, such as /dev/sda */
	deviceOfNode(path: string): string | undefined {
		return path.startsWith("/dev/") ? this.#nodes().get(path) : undefined;
	}

	#device(devpath: string): CapturedDevice | undefined {
		return devpath.startsWith("/devices/") ? this.#byPath().get(devpath) : undefined;
	}

	#named(subsystem: string, name: string, onBus: boolean): string | undefined {
		return this.#capture.devices.find(
			(one) => one.subsystem === subsystem && (one.onBus === true) === onBus && baseName(one.devpath) === name,
		)?.devpath;
	}

	/** The nearest device above: that is where the link `device` of a device of a class leads. */
	#above(devpath: string): string | undefined {
		for (let end = devpath.lastIndexOf("/"); end > 0; end = devpath.lastIndexOf("/", end - 1)) {
			const found = this.#device(devpath.slice(0, end));
			if (found !== undefined) return found.devpath;
		}
		return undefined;
	}
}

/** The devices that have a node, by the node's path, and by /dev/block/MAJOR:MINOR or /dev/char/MAJOR:MINOR. */
function listNodes(devices: readonly CapturedDevice[]): ReadonlyMap<string, string> {
	const nodes = new Map<string, string>();
	for (const { devpath, subsystem, uevent } of devices) {
		if (uevent === undefined || !uevent.includes("MAJOR=")) continue;
		const told = parseProperties(`\n${uevent}`, "\n");
		const [major, minor, name] = ["MAJOR", "MINOR", "DEVNAME"].map((key) => told.get(key));
		if (major === undefined || minor === undefined) continue;
		if (name !== undefined) nodes.set(`/dev/${name}`, devpath);
		nodes.set(`/dev/${subsystem === "block" ? "block" : "char"}/${major}:${minor}`, devpath);
	}
	return nodes;
}

/** By module: its drivers, by bus and name, each with the devices that it has bound. */
function listDrivers(capture: Capture): ReadonlyMap<string, readonly DriverState[]> {
	const bound = new Map<string, string[]>();
	for (const { devpath, subsystem, driver } of capture.devices) {
		if (driver === undefined) continue;
		const key = `${subsystem}:${driver}`;
		const known = bound.get(key);
		if (known === undefined) bound.set(key, [devpath]);
		else known.push(devpath);
	}
	const drivers = new Map<string, DriverState[]>();
	for (const { module, bus, name } of [...(capture.drivers ?? ofDevices(capture))].sort(byLink)) {
		const devices = bound.get(`${bus}:${name}`)?.toSorted(byName) ?? [];
		drivers.set(module, [...(drivers.get(module) ?? []), { bus, name, devices }]);
	}
	return drivers;
}

/** The drivers as the devices name them, for a capture without a list of drivers. */
function ofDevices({ devices }: Capture): readonly CapturedDriver[] {
	const drivers = new Map<string, CapturedDriver>();
	for (const { subsystem: bus, driver: name, driverModule: module } of devices)
		if (bus !== undefined && name !== undefined && module !== undefined)
			drivers.set(`${module} ${bus}:${name}`, { module, bus, name });
	return [...drivers.values()];
}

/** /sys/module/MODULE/drivers has a link BUS:NAME for each driver, and a driver's directory one NAME for each device. */
const byLink = (a: CapturedDriver, b: CapturedDriver): number => (`${a.bus}:${a.name}` < `${b.bus}:${b.name}` ? -1 : 1);
const byName = (a: string, b: string): number => (baseName(a) < baseName(b) ? -1 : 1);
