// The table of devices, for people: a line for each module that a device asks for, beside the driver that has bound the device.
// Columns fit the terminal; names of modules and devices stay whole as long as a line has room for them. Pure.

import { printable } from "../../libkmod/text/printable.js";
import type { Style, Terminal } from "../../ports/terminal.js";
import type { DeviceRow, ModuleRow, RowState } from "./device-rows.js";
import { type Cell, type ColumnLimits, formatCells } from "./table-cells.js";

/** The most columns that the cells of a column have room for, by how wide the terminal is. */
const limits: ColumnLimits = { narrow: [14, 14, 17], wide: [32, 20, 36] };

export const stateStyles: Readonly<Record<RowState, Style | undefined>> = {
	wanted: "green",
	loaded: undefined,
	"built in": undefined,
	"kept out": "yellow",
	missing: "red",
	failed: "red",
	"not ended": "red",
	"no hardware": "dim",
	"not bound": "yellow",
	"firmware missing": "red",
	"no driver": "red",
	"no module": "dim",
};

/**
 * Lines of the table, with its heading. Devices that are alike in all columns are one row, which tells their number.
 * @param everything each device has a row of its own
 */
export function formatTable(rows: readonly DeviceRow[], terminal: Terminal, everything: boolean): readonly string[] {
	const shown = everything ? rows.map((row) => ({ row, alike: 0 })) : mergeAlike(rows);
	const short = shortDevices(rows.map(({ devpath }) => devpath));
	const cells = shown.flatMap(({ row, alike }) => listCells(row, alike, short(row.devpath)));
	return formatCells([heading, ...cells], limits, terminal);
}

const heading: readonly Cell[] = ["DEVICE", "DRIVER NOW", "MODULES", "CAUSE"].map((text) => ({ text, style: "bold" }));

type Alike = { readonly row: DeviceRow; alike: number };

function mergeAlike(rows: readonly DeviceRow[]): readonly Alike[] {
	const merged = new Map<string, Alike>();
	for (const row of rows) {
		const { name, driver, state, modules, problem, unbound } = row;
		// Without a module the aliases are told.
		const aliases = modules.length > 0 || problem !== undefined ? [] : row.aliases;
		const key = JSON.stringify([name, driver, state, modules, problem, unbound, aliases]);
		const known = merged.get(key);
		if (known === undefined) merged.set(key, { row, alike: 0 });
		else known.alike++;
	}
	return [...merged.values()];
}

function listCells(row: DeviceRow, alike: number, device: string): readonly (readonly Cell[])[] {
	const driver: Cell = row.driver === undefined ? { text: "-", style: "dim" } : { text: printable(row.driver) };
	const modules = row.modules.map((module) => cellsOf(module, row));
	const [first, ...more] = modules.length > 0 ? modules : [cellsWithout(row)];
	const lines: Cell[][] = [[{ text: device }, driver, ...(first ?? [])]];
	const below: Cell[] = [];
	if (row.name !== undefined) below.push({ text: `  ${printable(row.name)}`, style: "dim" });
	if (alike > 0) below.push({ text: `  and ${alike} alike`, style: "dim" });
	// The device's second line stands beside its second module where it fits that column.
	for (const cells of more) {
		const beside = (below[0]?.text.length ?? 0) <= (limits.narrow[0] ?? 0) ? below.shift() : undefined;
		lines.push([beside ?? { text: "" }, { text: "" }, ...cells]);
	}
	return [...lines, ...below.map((cell) => [cell])];
}

function cellsOf({ module, state, cause, brings }: ModuleRow, row: DeviceRow): readonly Cell[] {
	const isIdle = row.unbound?.modules.includes(module) === true;
	const isPlain = !isIdle && (state === "wanted" || state === "loaded");
	const more = brings.length === 0 || state === "kept out" ? "" : ` +${brings.length}`;
	const style = stateStyles[isIdle ? row.state : state];
	const why = printable(shortenPlaces(cause));
	const states = isIdle ? `${state}, ${row.state}` : state;
	return [
		{ text: `${printable(module)}${more}`, style },
		{ text: state === "wanted" ? why : `${states}: ${why}`, style: isPlain ? undefined : style },
	];
}

/** Leaves the folders of files out where a line of them is named: example.conf:2. The exceptions have the whole path. */
export const shortenPlaces = (text: string): string => text.replace(/[^\s:()]*\/(?=[^\s/:]+:\d+)/g, "");

function cellsWithout({ state, problem, aliases }: DeviceRow): readonly Cell[] {
	const why = problem ?? aliases.join(" ");
	return [
		{ text: "-", style: "dim" },
		{ text: printable(`${state}: ${why}`), style: stateStyles[state] },
	];
}

/**
 * Names devices by the last part of their paths, with as many parts before as tell them apart, and at least one where the last
 * part says nothing: dmi/id.
 */
export function shortDevices(devpaths: readonly string[]): (devpath: string) => string {
	const counts = new Map<string, number>();
	for (const devpath of new Set(devpaths))
		for (const short of suffixesOf(devpath)) counts.set(short, (counts.get(short) ?? 0) + 1);
	return (devpath) => {
		if (devpath === "") return "on request";
		const alone = suffixesOf(devpath).filter((one) => (counts.get(one) ?? 0) <= 1);
		return printable(alone.find((one) => one.length > 2) ?? alone.at(-1) ?? devpath);
	};
}

/** The ends of a path below /devices, the shortest first. At most eight, since a path may have very many parts. */
function suffixesOf(devpath: string): readonly string[] {
	const parts = devpath.replace(/^\/devices\//, "").split("/");
	return Array.from({ length: Math.min(parts.length, 8) }, (_, more) => parts.slice(-1 - more).join("/"));
}
