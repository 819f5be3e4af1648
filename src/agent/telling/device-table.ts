// The table of devices, for people: a line for each module that a device asks for, beside the driver that has bound the device.
// Columns fit the terminal; names of modules and devices stay whole as long as a line has room for them. Pure.

import { printable } from "../../libkmod/text/printable.js";
import type { Style, Terminal } from "../../ports/terminal.js";
import type { DeviceRow, ModuleRow, RowState } from "./device-rows.js";
import { shortenTo, wrapText } from "./text-layout.js";

/** A cell: its text, without styles, and the style that it is painted in. */
type Cell = { readonly text: string; readonly style?: Style | undefined };

const GAP = 2;
/** The widths in columns that the cells of a column have room for, by how wide the terminal is; the last column has the rest. */
const NARROW: readonly number[] = [14, 14, 17];
const WIDE: readonly number[] = [32, 20, 36];
/** The width from which a terminal is wide. */
const WIDE_COLUMNS = 120;

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
	const table = [heading, ...cells];
	const widths = widthsOf(table, terminal);
	return table.flatMap((line) => formatCells(line, widths, terminal));
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
		const beside = (below[0]?.text.length ?? 0) <= (NARROW[0] ?? 0) ? below.shift() : undefined;
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

/** The widths of all columns but the last: what their cells need, at most what the terminal has room for. */
function widthsOf(table: readonly (readonly Cell[])[], terminal: Terminal): readonly number[] {
	const most = terminal.width < WIDE_COLUMNS ? NARROW : WIDE;
	return most.map((limit, column) => {
		const needed = table.map((cells) => (cells.length > 1 ? terminal.measure(cells[column]?.text ?? "") : 0));
		return Math.max(0, ...needed.filter((width) => width <= limit));
	});
}

/**
 * Formats one row. Behind a cell that is wider than its column the row goes on in the next line, so that no name is cut. The last
 * cell is wrapped within its column.
 */
function formatCells(cells: readonly Cell[], widths: readonly number[], terminal: Terminal): readonly string[] {
	const lines: string[] = [];
	let line = "";
	let columns = 0;
	let offset = 0;
	const put = ({ text, style }: Cell): void => {
		if (columns > 0 && columns + GAP > offset) {
			lines.push(line);
			[line, columns] = ["", 0];
		}
		const fitted = shortenTo(text, terminal.width - offset, terminal);
		line += " ".repeat(offset - columns) + (style === undefined ? fitted : terminal.paint(style, fitted));
		columns = offset + terminal.measure(fitted);
	};
	for (const [column, cell] of cells.entries()) {
		const isLast = column === widths.length;
		for (const text of isLast ? wrapCause(cell.text, terminal.width - offset, terminal) : [cell.text])
			if (text !== "") put({ ...cell, text });
		offset += (widths[column] ?? 0) + GAP;
	}
	return line === "" ? lines : [...lines, line];
}

/** Wraps a cause. A word that is wider than the column is shortened: a pattern is read in whole with --order. */
function wrapCause(text: string, width: number, terminal: Terminal): readonly string[] {
	const words = text.split(" ").map((word) => shortenTo(word, width, terminal));
	return wrapText(words.join(" "), width, terminal);
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
