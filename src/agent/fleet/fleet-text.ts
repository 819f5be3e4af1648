// The comparison of a fleet for people: a sentence that says how many machines lose a driver and the most frequent cause, and the
// causes, each with its machines. Pure.

import { printable } from "../../libkmod/text/printable.js";
import { countThings, listWords } from "../../libkmod/text/word-lists.js";
import type { Style, Terminal } from "../../ports/terminal.js";
import { type Cell, type ColumnLimits, formatCells } from "../telling/table-cells.js";
import { wrapText } from "../telling/text-layout.js";
import type { CauseCount } from "./fleet-answers.js";
import type { FleetCounts } from "./fleet-records.js";

export type ToldFleet = {
	readonly counts: FleetCounts;
	/** As FleetTally lists them. */
	readonly causes: readonly CauseCount[];
	/** Devices whose cause was not kept. */
	readonly others: number;
	/** Every cause is listed, and not the first of them alone. */
	readonly everything: boolean;
};

const SHOWN_CAUSES = 20;

const limits: ColumnLimits = { narrow: [8, 8, 14, 14], wide: [8, 8, 24, 24] };
const styles: Readonly<Record<string, Style>> = { loses: "red", gains: "green", changes: "yellow" };

export function formatFleet(told: ToldFleet, terminal: Terminal): readonly string[] {
	const { causes, others, everything } = told;
	const shown = everything ? causes : causes.slice(0, SHOWN_CAUSES);
	const more = causes.length - shown.length;
	const paragraph = (text: string) => wrapText(printable(text), terminal.width, terminal);
	return [
		...paragraph(summarise(told)).map((line) => terminal.paint("bold", line)),
		...(shown.length > 0 ? ["", ...formatCells([HEADING, ...shown.map(cellsOf)], limits, terminal)] : []),
		...(more > 0 ? ["", ...paragraph(`${countThings(more, "more cause")} (-v lists them)`)] : []),
		...(others > 0 ? ["", ...paragraph(`${countThings(others, "more device")} for other causes`)] : []),
	];
}

/** All text of a fleet that comes from outside, for the measure of a terminal. */
export function* listTextsOfFleet({ causes }: Pick<ToldFleet, "causes">): Generator<string> {
	for (const { lost, gained, cause } of causes) yield* [lost, gained, cause];
}

function summarise({ counts, causes }: ToldFleet): string {
	const { machines, unusable, losing, gaining, changing } = counts;
	const others = [
		...(gaining > 0 ? [`${gaining} ${gaining === 1 ? "gains" : "gain"} one`] : []),
		...(changing > 0 ? [`${changing} ${changing === 1 ? "changes" : "change"} one`] : []),
	];
	const rest = others.length > 0 ? `; ${listWords(others)}` : "";
	const unread = unusable > 0 ? `; ${countThings(unusable, "line")} could not be compared` : "";
	const first = causes.find(({ change }) => change === "loses");
	if (first === undefined) return `none of ${countThings(machines, "machine")} loses a driver${rest}${unread}`;
	const who = losing === 1 ? "loses a driver" : "lose a driver";
	const why = `${first.lost} on ${countThings(first.machines, "machine")}: ${first.cause}`;
	return `${losing} of ${countThings(machines, "machine")} ${who}: most of all ${why}${rest}${unread}`;
}

const HEADING: readonly Cell[] = ["MACHINES", "DEVICES", "LOST", "GAINED", "CAUSE"].map((text) => ({
	text,
	style: "bold",
}));

function cellsOf({ change, machines, devices, lost, gained, cause, line }: CauseCount): readonly Cell[] {
	const style = styles[change];
	const modules = (names: string): Cell =>
		names === "" ? { text: "-", style: "dim" } : { text: printable(names), style };
	const where = { text: printable(`${cause} (first in line ${line})`), style };
	return [{ text: String(machines) }, { text: String(devices) }, modules(lost), modules(gained), where];
}
