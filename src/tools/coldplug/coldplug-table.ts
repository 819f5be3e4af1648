// What coldplug prints for people: the overview with its table of devices, and the plan as a tree or a graph. Loaded only by what
// prints one of them.

import type { Batch } from "../../agent/decisions/batch.js";
import { type DeviceRow, findMaskedNeed, listRows, type RowSources } from "../../agent/telling/device-rows.js";
import { isMasked } from "../../agent/telling/dry-run.js";
import { formatDot } from "../../agent/telling/dry-run-dot.js";
import { formatTree } from "../../agent/telling/dry-run-tree.js";
import { formatOverview, listTexts, type Overview } from "../../agent/telling/overview.js";
import { isFiltering, narrowBatches, narrowRows } from "../../agent/telling/row-filter.js";
import type { UnboundRows } from "../../agent/telling/unbound-causes.js";
import { findUnbound } from "../../agent/telling/unbound-devices.js";
import type { Properties } from "../../libkmod/formats/properties.js";
import type { DeviceState, Inspection } from "../../ports/inspection.js";
import type { Machine } from "../../ports/machine.js";
import { openTerminal } from "../command-line/terminal.js";
import type { ColdplugOptions } from "./coldplug-options.js";
import type { Told } from "./coldplug-tally.js";
import type { UnboundSources } from "./coldplug-unbound.js";
import { filterOf } from "./dry-run-request.js";

type Found = {
	readonly batches: readonly Batch[];
	readonly inspection: Inspection;
	/** What the devices' uevents tell, by devpath. A copy of /sys may lack the links of a device, and has its uevent. */
	readonly uevents: ReadonlyMap<string, Properties>;
	readonly nameOf: NonNullable<RowSources["nameOf"]>;
};

export type Narrowed = UnboundRows & { readonly batches: readonly Batch[] };

/**
 * The batches and rows that are asked for. Undefined when something is asked for that is not here.
 * @param sources whence the causes come why devices are not bound. Undefined where neither the form nor the filter shows them
 */
export async function narrow(
	given: ColdplugOptions,
	{ batches, inspection, uevents, nameOf }: Found,
	sources: UnboundSources | undefined,
): Promise<Narrowed | undefined> {
	const filter = filterOf(given);
	const isBySubsystem = filter.words.length > 0 || filter.subsystems.length > 0;
	// A device is inspected only where its uevent does not tell enough: each link takes several system calls.
	const stateOf = (devpath: string, isWithoutModule: boolean): Partial<DeviceState> => {
		const own = uevents.get(devpath);
		const told = own && tellByUevent(own, isBySubsystem || isWithoutModule);
		const isMoreKnown = told?.driver === undefined && isWithoutModule && told?.subsystem !== undefined;
		return told !== undefined && !isMoreKnown ? told : { ...inspection.device(devpath) };
	};
	const rows = listRows({ batches, stateOf, nameOf });
	if (!isFiltering(filter)) return { batches, ...(await findCauses(rows, sources)) };
	// States come last: only of the devices that are asked for is it found out why they are not bound.
	const told = await findCauses(narrowRows(rows, { ...filter, states: [] }), sources);
	const { states } = filter;
	const narrowed = narrowRows(told.rows, { words: [], modules: [], devices: [], subsystems: [], states });
	if (narrowed.length === 0) return undefined;
	return { batches: narrowBatches(batches, narrowed), rows: narrowed, unread: told.unread };
}

/** What a uevent tells of its device. Undefined when the uevent cannot be read: the device's links tell as much. */
function tellByUevent(own: Properties, withSubsystem: boolean): Pick<DeviceState, "driver" | "subsystem"> | undefined {
	try {
		return { driver: own.get("DRIVER"), subsystem: withSubsystem ? own.get("SUBSYSTEM") : undefined };
	} catch {
		return undefined;
	}
}

async function findCauses(rows: readonly DeviceRow[], sources: UnboundSources | undefined): Promise<UnboundRows> {
	const found = sources === undefined ? [] : findUnbound(rows, sources.inspection);
	if (sources === undefined || found.length === 0) return { rows, unread: undefined };
	const { lookIntoUnbound } = await import("./coldplug-unbound.js");
	return await lookIntoUnbound(rows, found, sources);
}

/** The rows of a real run: what has become of each module that a device asks for. */
export async function listOutcomeRows(
	run: Told & Pick<Found, "nameOf">,
	sources: UnboundSources,
): Promise<UnboundRows> {
	return await findCauses(listRows({ ...run, stateOf: (devpath) => sources.inspection.device(devpath) }), sources);
}

/** How many modules a plan would load: those that are not kept out, and need none that is. */
export function countPlanned(batches: readonly Batch[]): number {
	const plan = batches.flatMap((batch) => batch.plan);
	const steps = new Map(plan.map((step) => [step.module, step]));
	return plan.filter((step) => !isMasked(step) && findMaskedNeed(step, steps) === undefined).length;
}

export async function showTable(machine: Machine, overview: Overview): Promise<void> {
	const terminal = await openTerminal(machine, listTexts(overview));
	terminal.print(formatOverview(overview, terminal));
}

export async function printTree(machine: Machine, batches: readonly Batch[]): Promise<void> {
	const terminal = await openTerminal(machine, listModules(batches));
	terminal.print(formatTree(batches, terminal));
}

const listModules = (batches: readonly Batch[]): readonly string[] =>
	batches.flatMap(({ plan }) => plan.map(({ module }) => module));

export function printDot(machine: Machine, batches: readonly Batch[]): void {
	machine.print(
		formatDot(batches)
			.map((line) => `${line}\n`)
			.join(""),
	);
}
