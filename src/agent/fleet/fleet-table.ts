// The table of a fleet's results: a row for each device that gains, loses or changes a driver, and one row for each machine of which
// none does, and for each line that cannot be compared. Pure.

import { textOf } from "../../libkmod/text/byte-strings.js";
import type { ComparedDriverRecord } from "../comparing/machine-record.js";

/** The columns, in order. docs/fleet.md describes them. */
export const fleetColumns = [
	{ name: "line", type: "INT32" },
	{ name: "machine", type: "STRING" },
	{ name: "release", type: "STRING" },
	{ name: "change", type: "STRING" },
	{ name: "device", type: "STRING" },
	{ name: "alias", type: "STRING" },
	{ name: "before", type: "STRING" },
	{ name: "after", type: "STRING" },
	{ name: "cause", type: "STRING" },
] as const;

/** What a column has where there is nothing to tell is null. Text, not bytes: a byte that is no UTF-8 has become U+FFFD. */
export type FleetRow = readonly (number | string | null)[];

/** The columns that all rows of a machine share. */
export type RowHead = { readonly line: number; readonly machine: string | null; readonly release: string | null };

/** The columns of a device's driver besides its path. */
export type DriverCells = {
	readonly change: string;
	readonly alias: string;
	readonly before: string | null;
	readonly after: string | null;
	readonly cause: string | null;
};

export function cellsOfDriver({
	change,
	alias,
	before,
	after,
	cause,
}: Omit<ComparedDriverRecord, "device">): DriverCells {
	return {
		change,
		alias: cellText(alias),
		before: listCell(before),
		after: listCell(after),
		cause: cause === undefined ? null : cellText(cause),
	};
}

export function rowOfDevice({ line, machine, release }: RowHead, device: string, cells: DriverCells): FleetRow {
	const { change, alias, before, after, cause } = cells;
	return [line, machine, release, change, cellText(device), alias, before, after, cause];
}

/** @param change "none" for a machine of which no device changes, "unusable" for a line that cannot be compared */
export function rowWithoutDevice(head: RowHead, change: "none" | "unusable", cause: string | null): FleetRow {
	const { line, machine, release } = head;
	return [line, machine, release, change, null, null, null, null, cause === null ? null : cellText(cause)];
}

/** Text for a cell: no lone surrogate stands for a byte. */
export const cellText = (bytes: string): string => textOf(bytes).replace(/[\ud800-\udfff]/gu, "\ufffd");

const listCell = (modules: readonly string[]): string | null =>
	modules.length === 0 ? null : cellText(modules.join(" "));
