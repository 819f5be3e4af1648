// The records of hotplugd compare --fleet --json, and their types: schemas/fleet.json is made from them, docstrings and all.

import type { WholeNumber } from "../../libkmod/kernel/whole-number.js";
import type { ComparedMachineRecord } from "../comparing/machine-record.js";

/** A line of hotplugd compare --fleet --json: one for each line of the input that is not blank, in its order, and the summary. */
export type FleetRecord = FleetMachineRecord | UnusableCaptureRecord | FleetSummaryRecord;

/** A machine: which of its devices gain, lose or change a driver. `machine` is the SHA-256 of the line, without its newline. */
export type FleetMachineRecord = ComparedMachineRecord & {
	/** The number of the line in the input, from 1. */
	readonly line: WholeNumber;
	/** The release of the kernel that the machine ran when it was captured. Absent when the capture does not tell it. */
	readonly release?: string;
	/** How many devices the capture has. */
	readonly devices: WholeNumber;
};

/** A line that cannot be compared: it is no capture, or it lacks what the comparison needs. */
export type UnusableCaptureRecord = {
	readonly kind: "unusable";
	/** The SHA-256 of the line. Absent for a line that was not kept, since it is too long. */
	readonly machine?: string;
	readonly line: WholeNumber;
	/** Why, for people, in one sentence. */
	readonly problem: string;
};

/** The last record: counts. */
export type FleetSummaryRecord = { readonly kind: "summary" } & FleetCounts;

export type FleetCounts = {
	/** Machines that were compared. */
	readonly machines: WholeNumber;
	/** Lines that could not be. */
	readonly unusable: WholeNumber;
	/** Machines of which a device loses, gains or changes its driver: a machine may count in all three. */
	readonly losing: WholeNumber;
	readonly gaining: WholeNumber;
	readonly changing: WholeNumber;
	/** Devices of all machines by what becomes of them. */
	readonly loses: WholeNumber;
	readonly gains: WholeNumber;
	readonly changes: WholeNumber;
};

export const noCounts: FleetCounts = {
	machines: 0,
	unusable: 0,
	losing: 0,
	gaining: 0,
	changing: 0,
	loses: 0,
	gains: 0,
	changes: 0,
};

export function addCounts(one: FleetCounts, other: FleetCounts): FleetCounts {
	return {
		machines: one.machines + other.machines,
		unusable: one.unusable + other.unusable,
		losing: one.losing + other.losing,
		gaining: one.gaining + other.gaining,
		changing: one.changing + other.changing,
		loses: one.loses + other.loses,
		gains: one.gains + other.gains,
		changes: one.changes + other.changes,
	};
}

/** The counts of one machine. */
export function countMachine({ loses, gains, changes }: Pick<FleetCounts, "loses" | "gains" | "changes">): FleetCounts {
	const [losing, gaining, changing] = [loses, gains, changes].map(Math.sign) as [number, number, number];
	return { machines: 1, unusable: 0, losing, gaining, changing, loses, gains, changes };
}
