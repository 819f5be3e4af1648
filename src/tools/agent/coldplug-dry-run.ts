// coldplug --dry-run: plans what a real run would do, and prints the plan.

import { concernOf } from "../../agent/commands/commands.js";
import { listLive } from "../../agent/decisions/live-modules.js";
import { explainLookupProblems, listLookupProblems } from "../../agent/decisions/lookup-problems.js";
import { type Skipped, skippedRecord } from "../../agent/faults/skipped.js";
import { formatBatch, formatSummary, planDryRun, summarise } from "../../agent/telling/dry-run.js";
import { exitStatus } from "../../agent/telling/exit-status.js";
import { explainSkipped, listSkipped } from "../../agent/telling/explain.js";
import { listRecords } from "../../agent/telling/records.js";
import type { Kernel } from "../../libkmod/kernel/kernel.js";
import { formatJson } from "../../libkmod/text/byte-strings.js";
import { printable } from "../../libkmod/text/printable.js";
import type { Machine } from "../../ports/machine.js";
import type { OnSkipped } from "../../ports/skipping.js";
import { namedRoot } from "./agent-options.js";
import type { Started } from "./agent-start.js";
import type { ColdplugOptions } from "./coldplug-options.js";

/** Prints the plan, and resolves with the exit status. */
export async function dryRun(
	given: ColdplugOptions,
	machine: Machine,
	kernel: Kernel,
	{ knowledge, policy }: Started,
): Promise<number> {
	const root = namedRoot(given);
	const devices = await machine.devices(given.sysfs ?? `${root}/sys`, { root });
	const live = root === "" && given.sysfs === undefined ? listLive(kernel) : new Set<string>();
	const skipped: Skipped[] = [];
	const onSkipped: OnSkipped = (what, error) => void skipped.push({ what, error });
	const present = devices.present(concernOf(policy), onSkipped);
	const batches = [...planDryRun(knowledge, present, live, policy, onSkipped)];
	const summary = summarise(batches);
	if (given.json) {
		const print = (records: readonly object[]): void =>
			machine.print(records.map((record) => `${formatJson(record)}\n`).join(""));
		// Each batch is printed by itself: all batches together may exceed the maximum length of a string.
		for (const batch of batches) print(listRecords(batch));
		print([...skipped.map(skippedRecord), { kind: "summary", ...summary }]);
	} else {
		for (const batch of batches) machine.print(formatBatch(batch, given.verbose > 0));
		machine.print(formatSummary(summary));
	}
	const problem = explainLookupProblems(listLookupProblems(batches));
	const unable = [...listSkipped(new Set(skipped.map(explainSkipped))), ...(problem === undefined ? [] : [problem])];
	if (!given.quietly) for (const line of unable) machine.complain(`coldplug: ${printable(line)}\n`);
	return unable.length > 0 ? exitStatus.unable : exitStatus.done;
}
