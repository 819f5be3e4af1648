// Why no driver has bound a device although a module for it is live, or its driver is built in. Pure.

import { byAlias } from "../../libkmod/planning/plan-insertion.js";
import type { PresentDevice } from "../../ports/devices.js";
import type { DeviceState } from "../../ports/inspection.js";
import type { NamedDevice, Unbound } from "./explanation.js";
import { namedPath, type Situated } from "./facts.js";

/**
 * All causes that are known, the one that counts first: at least one.
 * @param module the live module. Undefined when the driver is built in
 */
export function listUnbound(
	facts: Situated,
	device: PresentDevice,
	state: DeviceState,
	module: string | undefined,
): readonly [Unbound, ...Unbound[]] {
	const [first, ...others] = [
		...findOverride(state),
		...findRival(facts, device, state, module),
		...findSupplier(facts, state),
		...findNoDriver(facts, state, module),
	];
	return first === undefined ? [{ kind: "unknown" }] : [first, ...others];
}

function findOverride({ driverOverride, driver, devpath }: DeviceState): readonly Unbound[] {
	if (driverOverride === undefined || driverOverride === driver) return [];
	return [{ kind: "override", driver: driverOverride, file: `/sys${devpath}/driver_override` }];
}

/** Another module for the same alias that has bound the device. */
function findRival(
	facts: Situated,
	{ devpath }: PresentDevice,
	{ driver, driverModule }: DeviceState,
	module: string | undefined,
): readonly Unbound[] {
	if (driver === undefined || module === undefined || driverModule === module) return [];
	const rival = driverModule ?? driver;
	const matches = (facts.decisions.get(devpath) ?? []).flatMap((decision) => decision.matches);
	const own = matches.find(({ found }) => found.module === module);
	const theirs = matches.find(({ found }) => found.module === rival && byAlias(found));
	const pattern = theirs?.found.pattern ?? own?.found.pattern ?? "";
	return [{ kind: "rival", rival, pattern, driver }];
}

function findSupplier(facts: Situated, state: DeviceState): readonly Unbound[] {
	if (state.waitingForSupplier !== true) return [];
	const file = `/sys${state.devpath}/waiting_for_supplier`;
	const [missing] = state.suppliers.filter(({ driver }) => driver === undefined);
	if (missing === undefined) return [{ kind: "supplier", files: [file] }];
	const supplier: NamedDevice = namedPath(facts, missing.devpath);
	return [{ kind: "supplier", supplier, files: [file] }];
}

function findNoDriver({ inspection }: Situated, { subsystem }: DeviceState, module: string | undefined): Unbound[] {
	if (module === undefined || subsystem === undefined || inspection === undefined) return [];
	const registered = inspection.driversOf(module).some(({ bus }) => bus === subsystem);
	return registered ? [] : [{ kind: "no such driver", bus: subsystem }];
}
