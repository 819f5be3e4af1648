// compare --fleet: each machine of a file or pipe, a capture a line, under one kernel and another. Threads compare; this thread
// prints their results in the order of the lines.

import type { FleetAnswer } from "../../agent/fleet/fleet-answers.js";
import { FleetTally } from "../../agent/fleet/fleet-tally.js";
import { formatFleet, listTextsOfFleet } from "../../agent/fleet/fleet-text.js";
import { exitStatus } from "../../agent/telling/exit-status.js";
import { trimRoot } from "../../libkmod/kernel/other-root.js";
import { formatJson } from "../../libkmod/text/byte-strings.js";
import { printable } from "../../libkmod/text/printable.js";
import type { Fleet } from "../../ports/fleet.js";
import type { Machine } from "../../ports/machine.js";
import { StartFailure } from "../agent/start-failure.js";
import { pathFromHere } from "../command-line/module-directory.js";
import { openTerminal } from "../command-line/terminal.js";
import type { CompareForm, CompareOptions } from "./compare-options.js";
import type { FleetTable } from "./fleet-tables.js";
import type { FleetTask } from "./fleet-work.js";
import { openNamedKernel } from "./named-kernel.js";

/** A device of some machine loses its driver. */
const LOSS = 3;

export const compareFleet: CompareForm = async (given, operands, machine) => {
	checkCall(given, operands);
	// What is wrong with a kernel is told before any line is read.
	for (const word of given.kernel) await openNamedKernel(machine, word, { release: given.setVersion, ofMachine: "" });
	const fleet = await machine.fleet();
	const tables = await openTables(given, fleet);
	const stop = (signal: string) => void endBySignal(signal, tables, machine);
	if (tables.length > 0) machine.onStopSignal(stop);
	const tally = new FleetTally();
	try {
		await fleet.answerLines<FleetAnswer>({
			input: given.fleet ?? "",
			task: taskFor(given, machine),
			async onAnswer(answer) {
				tally.add(answer);
				for (const table of tables) await table.add(answer.rows);
				if (answer.json.length > 0) await fleet.print(answer.json);
			},
		});
		for (const table of tables) await table.finish();
	} finally {
		for (const table of tables) table.drop();
	}
	await tell(tally, given, machine, fleet);
	if (tally.counts.losing > 0) return LOSS;
	return tally.counts.unusable > 0 ? exitStatus.unable : exitStatus.done;
};

/** @throws {StartFailure} */
function checkCall(given: CompareOptions, operands: readonly string[]): void {
	const misuse = (line: string): StartFailure => new StartFailure(line, exitStatus.usage);
	const { fleet, kernel, config, policy, csv, parquet, dirname } = given;
	if (fleet === "") throw misuse("--fleet names no file: it is empty");
	const [operand] = operands;
	if (operand !== undefined) throw misuse(`--fleet compares the machines of a file: '${operand}' is one too many`);
	if (config.length + policy.length > 0)
		throw misuse("--fleet compares kernels: it takes neither --config nor --policy");
	if (kernel.length === 0) throw misuse("--fleet needs --kernel: once for a kernel beside the machines' own, or twice");
	if (kernel.length > 2) throw misuse(`--kernel is given ${kernel.length} times: two kernels are compared`);
	const empty = Object.entries({ csv, parquet, dirname }).find(([, path]) => path === "");
	if (kernel.includes("")) throw misuse("--kernel names nothing: it is empty");
	if (empty !== undefined) throw misuse(`--${empty[0]} names nothing: it is empty`);
	if (dirname !== undefined && kernel.length > 1)
		throw misuse("-d says where the machines' own kernels are, and two --kernel leave those out");
}

function taskFor(given: CompareOptions, machine: Machine): FleetTask {
	const { kernel, setVersion, dirname, json, csv, parquet } = given;
	return {
		kernels: kernel,
		release: setVersion,
		root: dirname === undefined ? undefined : trimRoot(pathFromHere(machine, dirname)),
		asked: { json, rows: csv !== undefined || parquet !== undefined, causes: !json },
	};
}

async function openTables({ csv, parquet }: CompareOptions, fleet: Fleet): Promise<readonly FleetTable[]> {
	if (csv === undefined && parquet === undefined) return [];
	const { openCsvTable, openParquetTable } = await import("./fleet-tables.js");
	const opened: FleetTable[] = [];
	try {
		if (csv !== undefined) opened.push(await openCsvTable(fleet, csv));
		if (parquet !== undefined) opened.push(await openParquetTable(fleet, parquet));
		return opened;
	} catch (thrown) {
		for (const table of opened) table.drop();
		throw thrown;
	}
}

/** The exit statuses by which a shell reports a program that a signal has ended. */
const ENDED_BY: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143 };

/** No draft of a table is left behind. */
async function endBySignal(signal: string, tables: readonly FleetTable[], machine: Machine): Promise<void> {
	for (const table of tables) table.drop();
	await machine.endNow(ENDED_BY[signal] ?? exitStatus.unable);
}

async function tell(tally: FleetTally, given: CompareOptions, machine: Machine, fleet: Fleet): Promise<void> {
	const { counts, causes, others, unusable } = tally;
	if (given.json) {
		await fleet.print(Buffer.from(`${formatJson({ kind: "summary", ...counts })}\n`, "latin1"));
		return;
	}
	const terminal = await openTerminal(machine, listTextsOfFleet({ causes }));
	terminal.print(formatFleet({ counts, causes, others, everything: given.verbose > 0 }, terminal));
	for (const { line, problem } of unusable) complain(machine, `line ${line}: ${problem}`);
	const more = counts.unusable - unusable.length;
	if (more > 0) complain(machine, `${more} more lines could not be compared: --json tells of each`);
}

const complain = (machine: Machine, text: string): void => machine.complain(`hotplugd compare: ${printable(text)}\n`);
