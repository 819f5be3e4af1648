// Tables for people: columns that fit the terminal. Names stay whole as long as a line has room for them: behind a cell that is wider
// than its column, its row goes on in the next line. Pure.

import type { Style, Terminal } from "../../ports/terminal.js";
import { shortenTo, wrapText } from "./text-layout.js";

/** A cell: its text, without styles, and the style that it is painted in. */
export type Cell = { readonly text: string; readonly style?: Style | undefined };

/** The most columns that the cells of a column have room for; the last column has the rest. */
export type ColumnLimits = { readonly narrow: readonly number[]; readonly wide: readonly number[] };

const GAP = 2;
/** The width from which a terminal is wide. */
const WIDE_COLUMNS = 120;

/** Lines of a table, of whose rows each has at most one cell more than there are limits. */
export function formatCells(
	table: readonly (readonly Cell[])[],
	limits: ColumnLimits,
	terminal: Terminal,
): readonly string[] {
	const widths = widthsOf(table, limits, terminal);
	return table.flatMap((cells) => formatRow(cells, widths, terminal));
}

/** The widths of all columns but the last: what their cells need, at most what the terminal has room for. */
function widthsOf(
	table: readonly (readonly Cell[])[],
	{ narrow, wide }: ColumnLimits,
	terminal: Terminal,
): readonly number[] {
	const most = terminal.width < WIDE_COLUMNS ? narrow : wide;
	return most.map((limit, column) => {
		const needed = table.map((cells) => (cells.length > 1 ? terminal.measure(cells[column]?.text ?? "") : 0));
		return Math.max(0, ...needed.filter((width) => width <= limit));
	});
}

/**
 * Formats one row. Behind a cell that is wider than its column the row goes on in the next line, so that no name is cut. The last
 * cell is wrapped within its column.
 */
function formatRow(cells: readonly Cell[], widths: readonly number[], terminal: Terminal): readonly string[] {
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
