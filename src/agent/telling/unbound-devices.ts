// The devices that no driver has bound, although modules with drivers for their bus are live or built in. Pure.

import type { DeviceState, Inspection } from "../../ports/inspection.js";
import { OF_CLASSES } from "../explaining/binding.js";
import type { DeviceRow, ModuleRow } from "./device-rows.js";

export type UnboundDevice = {
	readonly row: DeviceRow;
	readonly state: DeviceState;
	/** The modules whose drivers could have bound the device: at least one. */
	readonly modules: readonly ModuleRow[];
};

/**
 * A device on a bus, whose wanted modules are all live or built in, and that neither it nor its physical node has a driver. A module
 * that has registered no driver for the bus binds nothing there (those for cpu:type:*, watchdogs that go by another device): it
 * counts only where the device itself is known to wait for a driver.
 */
export function findUnbound(
	rows: readonly DeviceRow[],
	inspection: Pick<Inspection, "device" | "driversOf">,
): readonly UnboundDevice[] {
	const buses = new Map<string, ReadonlySet<string>>();
	const busesOf = (module: string): ReadonlySet<string> => {
		const known = buses.get(module) ?? new Set(inspection.driversOf(module).map(({ bus }) => bus));
		buses.set(module, known);
		return known;
	};
	return rows.filter(mayBeUnbound).flatMap((row) => {
		const state = inspection.device(row.devpath);
		if (state?.subsystem === undefined || !state.onBus) return [];
		if (state.driver !== undefined || state.physicalDriver !== undefined) return [];
		const { subsystem } = state;
		const modules = row.modules.filter(isThere).filter(({ module }) => waits(state) || busesOf(module).has(subsystem));
		return modules.length === 0 ? [] : [{ row, state, modules }];
	});
}

/** What the row alone tells: only devices that pass are looked at. */
function mayBeUnbound({ driver, modules, aliases }: DeviceRow): boolean {
	if (driver !== undefined || !modules.some(isThere)) return false;
	return (
		modules.every((one) => isThere(one) || one.state === "kept out") && !aliases.every((one) => OF_CLASSES.test(one))
	);
}

const isThere = ({ state }: ModuleRow): boolean => state === "loaded" || state === "built in";

/** Whether the device is known to wait for one driver, or for a supplier. */
function waits({ driverOverride, waitingForSupplier, suppliers }: DeviceState): boolean {
	const isUnsupplied = suppliers.some(({ driver }) => driver === undefined);
	return driverOverride !== undefined || waitingForSupplier === true || isUnsupplied;
}
