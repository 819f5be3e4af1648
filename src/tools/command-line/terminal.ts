// How output for people looks: its width and its colours (NO_COLOR, no-color.org; FORCE_COLOR, as node takes it; SGR of ECMA-48).
// The libraries are loaded only where they are needed: picocolors where there is colour, string-width where there is more than
// ASCII.

import { isAscii, textOf } from "../../libkmod/text/byte-strings.js";
import type { Machine } from "../../ports/machine.js";
import type { Terminal } from "../../ports/terminal.js";

const DEFAULT_COLUMNS = 80;
/** The least width in columns that lines are fitted to: in a narrower window the terminal itself breaks them. */
export const LEAST_COLUMNS = 40;

type Asked = Pick<Machine, "environment" | "isTerminal" | "columns" | "print" | "printStyled">;

/**
 * @param shown the text from outside that is to be shown: names of devices, for example. Where all of it is ASCII, no library is
 * loaded to measure it. A character of text that is not in it counts as one column.
 */
export async function openTerminal(machine: Asked, shown: Iterable<string> = []): Promise<Terminal> {
	const coloured = hasColour(machine, 1);
	const print = machine.printStyled ?? machine.print;
	return {
		width: widthOf(machine, 1),
		coloured,
		paint: coloured ? await loadColours() : (_, text) => text,
		measure: await loadMeasure(shown),
		print: (lines) => print(lines.map((line) => `${line}\n`).join("")),
	};
}

/** The values of FORCE_COLOR that ask for colours. All others ask for none. */
const FORCING: ReadonlySet<string> = new Set(["", "1", "2", "3", "true"]);

/** Whether output to standard output (1) or standard error (2) is coloured. FORCE_COLOR comes before NO_COLOR, as in node. */
export function hasColour(machine: Pick<Machine, "environment" | "isTerminal">, descriptor: 1 | 2): boolean {
	const { FORCE_COLOR: forced, NO_COLOR: none, TERM: kind } = machine.environment;
	if (forced !== undefined) return FORCING.has(forced);
	if (none !== undefined && none !== "") return false;
	return machine.isTerminal?.(descriptor) === true && kind !== "dumb";
}

/** The columns of a line: those of COLUMNS, else the terminal's, else 80 on a terminal and Infinity elsewhere. */
export function widthOf(machine: Pick<Machine, "environment" | "isTerminal" | "columns">, descriptor: 1 | 2): number {
	const { COLUMNS: named = "" } = machine.environment;
	if (/^[1-9]\d{0,8}$/.test(named)) return Math.max(Number(named), LEAST_COLUMNS);
	if (machine.isTerminal?.(descriptor) !== true) return Number.POSITIVE_INFINITY;
	return Math.max(machine.columns?.(descriptor) ?? DEFAULT_COLUMNS, LEAST_COLUMNS);
}

async function loadColours(): Promise<Terminal["paint"]> {
	const { default: picocolors } = await import("picocolors");
	// Its own detection of colours looks at this process, not at the machine.
	const colours = picocolors.createColors(true);
	return (style, text) => (text === "" ? "" : colours[style](text));
}

async function loadMeasure(shown: Iterable<string>): Promise<Terminal["measure"]> {
	if ([...shown].every(isAscii)) return (text) => (isAscii(text) ? text.length : [...textOf(text)].length);
	const { default: stringWidth } = await import("string-width");
	return (text) => (isAscii(text) ? text.length : stringWidth(textOf(text)));
}
