// Inserts a module whose init ends when a file appears. Prints how many bytes of a one-byte budget are held while the init runs,
// when another caller has got a byte all the same, and afterwards. Arguments: the module's file, the directory in place of /sys,
// the stand-in's record. Run with the stand-in kernel preloaded.

import { writeFileSync } from "node:fs";
import { MemoryBudget, useBudget } from "../../../src/linux/decoding/memory-budget.js";
import { openKernel } from "../../../src/linux/modules/kernel.js";
import { readRecord } from "../fakes/standin.js";
import { until } from "../running/until.js";

async function insertSlowly(module: string, sysfs: string, record: string): Promise<void> {
	const budget = new MemoryBudget(1);
	useBudget(budget);
	const release = `${record}.release`;
	const insertion = openKernel({ sysfs }).insert(module, `standin.until=${release}`);
	await until(() => readRecord(record).length > 0);
	const heldDuringInit = budget.held;
	await budget.open().take(1);
	const heldInLongInit = budget.held;
	writeFileSync(release, "");
	await insertion;
	console.log(JSON.stringify({ heldDuringInit, heldInLongInit, heldAfter: budget.held }));
}

const [module, sysfs, record] = process.argv.slice(2);
await insertSlowly(module!, sysfs!, record!);
