import test from "ava";
import type { DeviceRow, RowState } from "../../../src/agent/telling/device-rows.js";
import { findUnbound } from "../../../src/agent/telling/unbound-devices.js";
import type { DeviceState } from "../../../src/ports/inspection.js";
import { makeFakeInspection } from "../../support/fakes/fake-inspection.js";

const DEVICE = "/devices/a";

/** A row of a device whose modules m0, m1... have these states. */
const rowOf = (states: readonly RowState[], more: Partial<DeviceRow> = {}): DeviceRow => ({
	devpath: DEVICE,
	subsystem: "pci",
	driver: undefined,
	state: states[0] ?? "no module",
	aliases: ["pci:a"],
	modules: states.map((state, index) => ({ module: `m${index}`, state, cause: "", brings: [] })),
	...more,
});

const pci: Partial<DeviceState> = { onBus: true, subsystem: "pci" };
const driver = (bus: string) => [{ bus, name: "d", devices: [] }];

function find(row: DeviceRow, state: Partial<DeviceState> = pci, buses: readonly string[] = ["pci", "pci"]) {
	const drivers = Object.fromEntries(buses.map((bus, index) => [`m${index}`, driver(bus)]));
	const found = findUnbound([row], makeFakeInspection({ devices: { [DEVICE]: state }, drivers }));
	return found.flatMap(({ modules }) => modules.map(({ module }) => module));
}

test("a device on a bus whose modules are loaded or built in, and that nothing drives, is not bound", (t) => {
	t.deepEqual(find(rowOf(["loaded"])), ["m0"]);
	t.deepEqual(find(rowOf(["built in"])), ["m0"]);
	t.deepEqual(find(rowOf(["kept out", "loaded"])), ["m1"]);
});

test("a device that a driver has bound, itself or its physical node, is none of them", (t) => {
	t.deepEqual(find(rowOf(["loaded"], { driver: "d" })), []);
	t.deepEqual(find(rowOf(["loaded"]), { ...pci, driver: "d" }), []);
	t.deepEqual(find(rowOf(["loaded"]), { ...pci, physicalDriver: "d" }), []);
});

test("nor is one of a class, one without a module, or one that still gets a module", (t) => {
	t.deepEqual(find(rowOf(["loaded"]), { ...pci, onBus: false }), []);
	t.deepEqual(find(rowOf([])), []);
	t.deepEqual(find(rowOf(["kept out"])), []);
	for (const state of ["wanted", "missing", "failed", "not ended", "no hardware"] as const)
		t.deepEqual(find(rowOf(["loaded", state])), [], state);
});

test("a module without a driver for the bus counts only where the device is known to wait", (t) => {
	t.deepEqual(find(rowOf(["loaded"]), pci, ["platform"]), []);
	t.deepEqual(find(rowOf(["loaded", "loaded"]), pci, ["platform", "pci"]), ["m1"]);
	for (const waiting of [
		{ driverOverride: "other" },
		{ waitingForSupplier: true },
		{ suppliers: [{ devpath: "/devices/b", driver: undefined }] },
	])
		t.deepEqual(find(rowOf(["loaded"]), { ...pci, ...waiting }, ["platform"]), ["m0"]);
});

test("devices of classes, and those whose driver is known, are not looked at", (t) => {
	const inspection = { device: () => t.fail() as never, driversOf: () => t.fail() as never };
	const rows = [
		rowOf(["loaded"], { aliases: ["input:b0003"] }),
		rowOf(["loaded"], { driver: "d" }),
		rowOf(["wanted"]),
		rowOf([]),
	];
	t.deepEqual(findUnbound(rows, inspection), []);
});
