// A comparison for people: a sentence that says what is lost, the devices with their modules on both sides and the causes, and the
// modules that come or go though no device asks for them. Pure.

import { printable } from "../../libkmod/text/printable.js";
import { countThings, listWords } from "../../libkmod/text/word-lists.js";
import type { Style, Terminal } from "../../ports/terminal.js";
import { shortDevices } from "../telling/device-table.js";
import { type Cell, type ColumnLimits, formatCells } from "../telling/table-cells.js";
import { wrapText } from "../telling/text-layout.js";
import type {
	AbsentModuleRecord,
	ComparedDeviceRecord,
	ComparedModuleRecord,
	ComparedSide,
	ComparedSummaryRecord,
} from "./comparison-records.js";
import type { ChangeWord } from "./device-changes.js";
import type { PlannedModule } from "./plan-changes.js";

export type ToldComparison = {
	readonly devices: readonly ComparedDeviceRecord[];
	readonly modules: readonly ComparedModuleRecord[];
	readonly summary: ComparedSummaryRecord;
	/** Each device has a line of its own, and those that have moved are listed. */
	readonly everything: boolean;
};

const limits: ColumnLimits = { narrow: [14, 14, 14], wide: [32, 20, 20] };

const styles: Readonly<Record<ChangeWord, Style>> = { loses: "red", gains: "green", changes: "yellow", moves: "dim" };

export function formatComparison(told: ToldComparison, terminal: Terminal): readonly string[] {
	const { devices, modules, summary, everything } = told;
	const listed = devices.filter(({ change }) => everything || change !== "moves");
	const besides = modules.filter((one) => one.devices === 0);
	const remarks = listRemarks(summary, everything);
	const paragraph = (text: string) => wrapText(printable(text), terminal.width, terminal);
	return [
		...paragraph(formatLoss(told)).map((line) => terminal.paint("bold", line)),
		...(listed.length > 0 ? ["", ...formatCells(tableDevices(listed, summary, everything), limits, terminal)] : []),
		...(besides.length > 0 ? ["", ...formatCells(tableModules(besides, summary), limits, terminal)] : []),
		...(remarks.length > 0 ? ["", ...remarks.flatMap(paragraph)] : []),
	];
}

/** All text of a comparison that comes from outside, for the measure of a terminal. */
export function* listTextsOf({ devices, modules, summary }: ToldComparison): Generator<string> {
	yield* [summary.a.name, summary.b.name];
	for (const { device, movedTo, name, lost, gained } of devices) {
		yield* [device, movedTo ?? "", name ?? ""];
		for (const { module, cause, nearest } of [...lost, ...gained]) yield* [module, cause, nearest?.sentence ?? ""];
	}
	for (const { module, cause, before, after } of modules)
		yield* [module, cause, before?.parameters ?? "", after?.parameters ?? ""];
}

/** The first line: what is lost, with the first device, its modules and the cause; and how many gain and change theirs. */
function formatLoss({ devices, summary }: ToldComparison): string {
	const { a, b, loses, gains, changes } = summary;
	const others = [
		...(gains > 0 ? [`${gains} ${gains === 1 ? "gains" : "gain"} one`] : []),
		...(changes > 0 ? [`${changes} ${changes === 1 ? "changes its driver" : "change their drivers"}`] : []),
	];
	const first = devices.find(({ change }) => change === "loses");
	if (first === undefined) {
		const between = `from ${a.name} to ${b.name}`;
		if (others.length > 0) return `no device loses a driver ${between}: ${listWords(others)}`;
		return `no device gains, loses or changes a driver ${between}`;
	}
	const who = loses === 1 ? "loses its driver" : "lose their drivers";
	const more = loses > 1 ? `, and ${loses - 1} more` : "";
	const rest = others.length > 0 ? `; ${listWords(others)}` : "";
	return `${loses} of ${countThings(a.devices, "device")} ${who} in ${b.name}: ${nameDevice(first, devices)}: ${explainLoss(first)}${more}${rest}`;
}

function nameDevice({ device, name }: ComparedDeviceRecord, devices: readonly ComparedDeviceRecord[]): string {
	const short = shortDevices(devices.map((one) => one.device))(device);
	return name === undefined ? short : `${short} (${name})`;
}

const explainLoss = ({ lost, cause = "" }: ComparedDeviceRecord): string =>
	`${lost.map(({ module }) => module).join(", ")}: ${cause}`;

const heading = (first: string, { a, b }: ComparedSummaryRecord): readonly Cell[] =>
	[first, printable(a.name), printable(b.name), "CAUSE"].map((text) => ({ text, style: "bold" }));

/** Devices that are alike in all columns are one row, which tells their number. */
function tableDevices(
	devices: readonly ComparedDeviceRecord[],
	summary: ComparedSummaryRecord,
	everything: boolean,
): readonly (readonly Cell[])[] {
	const short = shortDevices(devices.map(({ device }) => device));
	const alike = new Map<string, { readonly record: ComparedDeviceRecord; more: number }>();
	for (const record of devices) {
		const { device, name, change, lost, gained } = record;
		const key = JSON.stringify([everything ? device : "", change, name, lost, gained]);
		const known = alike.get(key);
		if (known === undefined) alike.set(key, { record, more: 0 });
		else known.more++;
	}
	const rows = [...alike.values()].flatMap(({ record, more }) => listDeviceRows(record, more, short(record.device)));
	return [heading("DEVICE", summary), ...rows];
}

function listDeviceRows(record: ComparedDeviceRecord, more: number, device: string): readonly (readonly Cell[])[] {
	const { change, name, lost, gained, movedTo } = record;
	const style = styles[change];
	const below: Cell[] = [];
	if (name !== undefined) below.push({ text: `  ${printable(name)}`, style: "dim" });
	if (more > 0) below.push({ text: `  and ${more} alike`, style: "dim" });
	const moved = movedTo === undefined ? "" : `moved to ${printable(movedTo)}`;
	const modules: (readonly Cell[])[] = [
		...lost.map((one) => [{ text: printable(one.module), style }, none, explainAbsent(one, style)]),
		...gained.map((one) => [none, { text: printable(one.module), style }, explainAbsent(one, style)]),
		...(moved === "" ? [] : [[...keptModules(record), { text: moved, style }]]),
	];
	const [first = [], ...others] = modules;
	return [
		[{ text: device }, ...first],
		...others.map((cells) => [below.shift() ?? { text: "" }, ...cells]),
		...below.map((cell) => [cell]),
	];
}

const none: Cell = { text: "-", style: "dim" };

/** Of a device that has moved: what serves it at both places. */
function keptModules({ before, after }: ComparedDeviceRecord): readonly Cell[] {
	const names = (modules: ComparedDeviceRecord["before"]) => printable(modules.map(({ module }) => module).join(", "));
	return [before, after].map((modules) => (modules.length === 0 ? none : { text: names(modules) }));
}

function explainAbsent({ cause, nearest }: AbsentModuleRecord, style: Style): Cell {
	return { text: printable(nearest === undefined ? cause : `${cause}; nearest: ${nearest.sentence}`), style };
}

function tableModules(
	modules: readonly ComparedModuleRecord[],
	summary: ComparedSummaryRecord,
): readonly (readonly Cell[])[] {
	return [heading("MODULE", summary), ...modules.map(listModuleCells)];
}

function listModuleCells({ module, change, before, after, cause }: ComparedModuleRecord): readonly Cell[] {
	const style = change === "lost" ? "red" : change === "gained" ? "green" : undefined;
	const isOther = change === "parameters" || change === "command";
	const states = [before, after].map((state) => describeState(state, isOther, change));
	return [{ text: printable(module), style }, ...states, { text: printable(cause), style }];
}

function describeState(
	state: PlannedModule | undefined,
	isOther: boolean,
	change: ComparedModuleRecord["change"],
): Cell {
	if (state === undefined) return change === "lost" || change === "gained" ? none : { text: "built in" };
	if (!isOther) return { text: "loaded" };
	return {
		text: printable(change === "command" ? (state.command ?? "by its file") : state.parameters || "no options"),
	};
}

function listRemarks({ a, b, moves, modulesOtherwise }: ComparedSummaryRecord, everything: boolean): readonly string[] {
	const moved = countThings(moves, "device has", "devices have");
	const otherwise = countThings(modulesOtherwise, "module is", "modules are");
	return [
		...(moves > 0 && !everything ? [`${moved} moved and kept the same modules (-v lists them)`] : []),
		...(modulesOtherwise > 0 ? [`${otherwise} loaded otherwise, which is no loss`] : []),
		...[a, b].map(describeSide),
	];
}

function describeSide({ name, release, devices, alone, modules }: ComparedSide): string {
	const which = release === undefined || release === name ? "" : `${release}, `;
	const own = alone === 0 ? "" : `, ${alone} of them here alone`;
	return `${name}: ${which}${countThings(devices, "device")}${own}, ${countThings(modules, "module")}`;
}
