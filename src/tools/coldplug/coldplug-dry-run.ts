// coldplug --dry-run: plans what a real run would do, and prints the plan.

import { concernOf } from "../../agent/commands/commands.js";
import type { Batch } from "../../agent/decisions/batch.js";
import { listLive } from "../../agent/decisions/live-modules.js";
import { explainLookupProblems, listLookupProblems } from "../../agent/decisions/lookup-problems.js";
import { type Skipped, skippedRecord } from "../../agent/faults/skipped.js";
import type { ColdplugRecord } from "../../agent/telling/coldplug-record.js";
import { formatBatch, formatSummary, planDryRun, summarise } from "../../agent/telling/dry-run.js";
import { exitStatus } from "../../agent/telling/exit-status.js";
import { explainSkipped, listSkipped } from "../../agent/telling/explain.js";
import { listRecords } from "../../agent/telling/records.js";
import { isFiltering } from "../../agent/telling/row-filter.js";
import type { Properties } from "../../libkmod/formats/properties.js";
import type { Kernel, ModuleFiles } from "../../libkmod/kernel/kernel.js";
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import { formatJson } from "../../libkmod/text/byte-strings.js";
import { printable } from "../../libkmod/text/printable.js";
import type { PresentDevice } from "../../ports/devices.js";
import type { Machine } from "../../ports/machine.js";
import type { OnSkipped } from "../../ports/skipping.js";
import { namedRoot } from "../agent/agent-options.js";
import type { Started } from "../agent/agent-start.js";
import type { ColdplugOptions } from "./coldplug-options.js";
import { filterOf } from "./dry-run-request.js";

/** Prints the plan, and resolves with the exit status. */
export async function dryRun(
	given: ColdplugOptions,
	machine: Machine,
	kernel: Kernel & ModuleFiles,
	{ knowledge, policy }: Started,
): Promise<number> {
	const root = namedRoot(given);
	const sysfs = given.sysfs ?? `${root}/sys`;
	const devices = await machine.devices(sysfs, { root });
	const isHere = root === "" && given.sysfs === undefined;
	const live = isHere && !given.cold ? listLive(kernel) : new Set<string>();
	const skipped: Skipped[] = [];
	const onSkipped: OnSkipped = (what, error) => void skipped.push({ what, error });
	const uevents = new Map<string, Properties>();
	const present = notingUevents(devices.present(concernOf(policy), onSkipped), uevents);
	const planned = [...planDryRun(knowledge, present, live, policy, onSkipped)];
	const { captured } = machine;
	const status = await show(
		{ given, machine, kernel, knowledge, sysfs, root, isHere, captured, uevents, skipped },
		planned,
	);
	const problem = explainLookupProblems(listLookupProblems(planned));
	const unable = [...listSkipped(new Set(skipped.map(explainSkipped))), ...(problem === undefined ? [] : [problem])];
	if (!given.quietly) for (const line of unable) machine.complain(`coldplug: ${printable(line)}\n`);
	return unable.length > 0 ? exitStatus.unable : status;
}

/** Keeps what the devices' uevents tell, which is read where it is asked for. */
function* notingUevents(present: Iterable<PresentDevice>, uevents: Map<string, Properties>): Generator<PresentDevice> {
	for (const device of present) {
		if (device.properties !== undefined) uevents.set(device.devpath, device.properties);
		yield device;
	}
}

type Shown = {
	readonly given: ColdplugOptions;
	readonly machine: Machine;
	readonly kernel: Kernel & ModuleFiles;
	readonly knowledge: Knowledge;
	readonly sysfs: string;
	readonly root: string;
	/** Whether these are the devices of the running machine. */
	readonly isHere: boolean;
	readonly captured: Machine["captured"];
	readonly uevents: ReadonlyMap<string, Properties>;
	readonly skipped: readonly Skipped[];
};

/** Prints in the form that is asked for. Rows of devices are made only where the form shows them, or a filter asks. */
async function show(shown: Shown, planned: readonly Batch[]): Promise<number> {
	const { given, machine, kernel, root, uevents, skipped } = shown;
	const isTable = !given.json && !given.order && !given.tree && !given.dot;
	if (!isTable && !isFiltering(filterOf(given))) return await showForm(given, machine, planned, skipped);
	const { countPlanned, narrow, showTable } = await import("./coldplug-table.js");
	const { namingHardware } = await import("../../agent/explaining/hardware-names.js");
	// The links of a sysfs that --sysfs names lead within it, wherever it lies.
	const inspection = await machine.inspect(shown.sysfs, { root: given.sysfs === undefined ? root : "" });
	const nameOf = namingHardware(kernel, root);
	const asksForCauses = filterOf(given).states.some((state) => state === "not bound" || state === "firmware missing");
	const sources = isTable || asksForCauses ? { ...shown, inspection } : undefined;
	const narrowed = await narrow(given, { batches: planned, inspection, uevents, nameOf }, sources);
	if (narrowed === undefined) return tellNothing(given, machine);
	if (!isTable) return await showForm(given, machine, narrowed.batches, skipped);
	const modules = countPlanned(narrowed.batches);
	await showTable(machine, { ...narrowed, modules, done: "to load", everything: given.verbose > 0 });
	return exitStatus.done;
}

async function tellNothing(given: ColdplugOptions, machine: Machine): Promise<number> {
	const { describeNothing } = await import("./dry-run-request.js");
	machine.complain(`coldplug: ${printable(describeNothing(given))}\n`);
	return exitStatus.unable;
}

async function showForm(
	given: ColdplugOptions,
	machine: Machine,
	batches: readonly Batch[],
	skipped: readonly Skipped[],
): Promise<number> {
	if (given.json) {
		const print = (records: readonly ColdplugRecord[]): void =>
			machine.print(records.map((record) => `${formatJson(record)}\n`).join(""));
		// Each batch is printed by itself: all batches together may exceed the maximum length of a string.
		for (const batch of batches) print(listRecords(batch));
		print([...skipped.map(skippedRecord), { kind: "summary", ...summarise(batches) }]);
	} else if (given.order) {
		for (const batch of batches) machine.print(formatBatch(batch, given.verbose > 0));
		machine.print(formatSummary(summarise(batches)));
	} else {
		const { printTree, printDot } = await import("./coldplug-table.js");
		if (given.tree) await printTree(machine, batches);
		else printDot(machine, batches);
	}
	return exitStatus.done;
}
