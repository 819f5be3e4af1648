// What a comparison says of one machine of many: the record of a fleet's line, with names in place of places and patterns. Pure.

import type { WholeNumber } from "../../libkmod/kernel/whole-number.js";
import type { Both } from "./answers.js";
import { explainBecause } from "./because-text.js";
import type { ChangeWord, DeviceChange } from "./device-changes.js";

export type ComparedMachineRecord = {
	readonly kind: "machine";
	/** What tells the machine from the others. */
	readonly machine: string;
	/** Devices by what becomes of them. */
	readonly loses: WholeNumber;
	readonly gains: WholeNumber;
	readonly changes: WholeNumber;
	readonly moves: WholeNumber;
	/** Each of these devices, in the order of the machine's. */
	readonly drivers: readonly ComparedDriverRecord[];
};

/** A device, as a row of a table may have it. */
export type ComparedDriverRecord = {
	readonly change: ChangeWord;
	/** As in the records of devices: the path in A, or in B where only B has the device. */
	readonly device: string;
	readonly alias: string;
	/** The names of the modules that serve the device in A, and in B. */
	readonly before: readonly string[];
	readonly after: readonly string[];
	/** The cause of the first module that is lost, or else gained. Absent where the device has only moved. */
	readonly cause?: string;
};

export function recordMachine(
	machine: string,
	changes: readonly DeviceChange[],
	names: Both<string>,
): ComparedMachineRecord {
	const ofWord = (word: ChangeWord): number => changes.filter(({ change }) => change === word).length;
	return {
		kind: "machine",
		machine,
		loses: ofWord("loses"),
		gains: ofWord("gains"),
		changes: ofWord("changes"),
		moves: ofWord("moves"),
		drivers: changes.map((one) => recordDriver(one, names)),
	};
}

function recordDriver(change: DeviceChange, names: Both<string>): ComparedDriverRecord {
	const { a, b, before, after, lost, gained } = change;
	const device = a ?? b;
	const first = lost[0] ?? gained[0];
	return {
		change: change.change,
		device: device?.devpath ?? "",
		alias: first?.alias ?? device?.aliases[0] ?? "",
		before: before.map(({ module }) => module),
		after: after.map(({ module }) => module),
		...(first !== undefined && { cause: explainBecause(first.because, first.module, names) }),
	};
}
