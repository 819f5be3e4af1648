// The port Inspection in memory: a test gives the states of devices, drivers of modules, links, nodes and the kernel's log.

import type {
	DeviceState,
	DriverState,
	Inspection,
	KernelLogRecord,
	Unreadable,
} from "../../../src/ports/inspection.js";

export type FakeStates = {
	/** Devices by devpath, with what differs from a device on no bus that nothing drives. */
	readonly devices?: Readonly<Record<string, Partial<DeviceState>>>;
	/** The drivers that modules have registered, by the module's name in /sys/module. */
	readonly drivers?: Readonly<Record<string, readonly DriverState[]>>;
	/** The devpaths that paths below /sys lead to. A devpath of `devices` leads to itself. */
	readonly links?: Readonly<Record<string, string>>;
	/** The devpaths of the devices whose nodes are at these paths, such as /dev/sda. */
	readonly nodes?: Readonly<Record<string, string>>;
	readonly log?: readonly KernelLogRecord[] | Unreadable;
};

export function makeFakeInspection(states: FakeStates = {}): Inspection {
	const { devices = {}, drivers = {}, links = {}, nodes = {}, log = [] } = states;
	const own = <T>(table: Readonly<Record<string, T>>, key: string): T | undefined =>
		Object.hasOwn(table, key) ? table[key] : undefined;
	return {
		device(devpath) {
			const state = own(devices, devpath);
			return state === undefined ? undefined : { ...undriven, devpath, ...state };
		},
		driversOf: (module) => own(drivers, module) ?? [],
		follow: (path) => own(links, path) ?? (own(devices, path) === undefined ? undefined : path),
		deviceOfNode: (path) => own(nodes, path),
		nodeName: (path) => (own(nodes, path) === undefined ? undefined : path.slice(path.lastIndexOf("/") + 1)),
		kernelLog: () => log,
	};
}

const undriven: Omit<DeviceState, "devpath"> = {
	subsystem: undefined,
	onBus: false,
	driver: undefined,
	driverModule: undefined,
	physicalNode: undefined,
	physicalDriver: undefined,
	driverOverride: undefined,
	waitingForSupplier: undefined,
	suppliers: [],
};
