// coldplug: loads the modules that the present devices ask for, waits until the pipeline is settled, and exits with a status from
// the table in exit-status.ts. With --dry-run it prints the same plan and loads nothing; -d, -S, -C and --sysfs name another
// machine.

import { exitStatus } from "../../agent/telling/exit-status.js";
import { NO_FORMAT, timelineFormatOf } from "../../agent/timeline/timeline-format.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import type { InsertionProcess, Machine } from "../../ports/machine.js";
import { namedRoot, otherModules } from "../agent/agent-options.js";
import { start } from "../agent/agent-start.js";
import { openMachine } from "../agent/named-places.js";
import { needOpenFiles, readSwitch } from "../agent/start-conditions.js";
import { complainOf, formatProblem, StartFailure } from "../agent/start-failure.js";
import { defineTool } from "../command-line/command-line.js";
import { dryRun } from "./coldplug-dry-run.js";
import { type ColdplugOptions, coldplugOptions } from "./coldplug-options.js";
import { refuseMisuse } from "./dry-run-request.js";

export const coldplug = defineTool({
	name: "coldplug",
	summary: "Loads the kernel modules that the devices of this machine ask for, and waits for them.",
	options: coldplugOptions,
	usage: ["[OPTION...]", "-n [OPTION...] [MODULE|DEVICE|SUBSYSTEM...]"],
	captured: {
		...otherModules,
		needsIndexes: () => true,
		refuse({ options: { dryRun, sysfs } }) {
			if (!dryRun) return "--machine names a machine that nothing can be loaded into: it needs --dry-run";
			return sysfs === undefined ? undefined : "--machine and --sysfs exclude each other";
		},
	},
	async run({ options, operands }, machine) {
		const given: ColdplugOptions = { ...options, words: operands };
		if (given.dryRun) return begin(given, machine);
		const { unwaiting } = await import("./unwaiting-machine.js");
		const unwaited = await unwaiting(machine, "coldplug", given.timeout);
		const status = await begin(given, unwaited);
		await unwaited.endReports();
		return status;
	},
});

async function begin(asked: ColdplugOptions, machine: Machine): Promise<number> {
	let insertions: InsertionProcess | undefined;
	try {
		refuseMisuse(asked);
		checkTimelineOption(asked);
		const { kernel, given } = await openMachine(machine, asked);
		if (given.sysfs !== undefined && !given.dryRun)
			throw new StartFailure("--sysfs names another machine's devices: it needs --dry-run", exitStatus.usage);
		const { off, remark } = readSwitch(kernel, given);
		if (remark !== undefined) machine.complain(`coldplug: ${remark}\n`);
		if (off && !given.dryRun) return exitStatus.done;
		if (!given.dryRun) await needOpenFiles(machine);
		// The insertion process is started first, so that it starts up while this process reads settings, indexes and policy.
		if (!given.dryRun) insertions = await machine.beginInsertionProcess(kernel, { root: namedRoot(given) });
		const started = await start(kernel, given, machine.rulesDirectory);
		if (!given.quietly)
			for (const problem of started.knowledge.problems) machine.complain(`coldplug: ${formatProblem(problem)}\n`);
		if (insertions === undefined) return await dryRun(given, machine, kernel, started);
		const { loadColdplugged } = await import("./coldplug-run.js");
		return await loadColdplugged(given, machine, kernel, insertions, started);
	} catch (error) {
		await insertions?.close();
		return complainOf(isWithoutDevices(error, asked) ? noDevicesIn(error) : error, "coldplug", machine);
	}
}

/** @throws {StartFailure} */
function checkTimelineOption({ timeline, dryRun }: ColdplugOptions): void {
	if (timeline === undefined) return;
	if (dryRun)
		throw new StartFailure("--timeline tells what was loaded: it cannot be used with --dry-run", exitStatus.usage);
	if (timelineFormatOf(timeline) === undefined)
		throw new StartFailure(`--timeline ${timeline}: ${NO_FORMAT}`, exitStatus.usage);
}

/** Whether the walk failed because the root that -d names has no /sys: a copy of a machine's files may lack it. */
function isWithoutDevices(error: unknown, { dryRun, dirname, sysfs }: ColdplugOptions): error is Refusal {
	const ofRoot = dryRun && dirname !== undefined && sysfs === undefined;
	return ofRoot && error instanceof Refusal && error.operation === "walk" && error.code === "ENOENT";
}

const noDevicesIn = ({ subject }: Refusal): StartFailure =>
	new StartFailure(
		`there is no directory ${subject}: --sysfs DIR says where that machine's devices are, --sysfs /sys takes this machine's`,
		exitStatus.unable,
	);
