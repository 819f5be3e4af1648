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
import type { PlannedModule } from "./side-plan.js";

export type ToldComparison = {
	readonly devices: readonly ComparedDeviceRecord[];
	readonly modules: readonly ComparedModuleRecord[];
	readonly summary: ComparedSummaryRecord;
	/** Each device has a line of its own, and those that have moved are listed. */
	readonly everything: boolean;
};

const deviceLimits: ColumnLimits = { narrow: [14, 14, 14], wide: [32, 20, 20] };
const moduleLimits: ColumnLimits = { narrow: [22, 6, 6], wide: [32, 20, 20] };

const styles: Readonly<Record<ChangeWord, Style>> = { loses: "red", gains: "green", changes: "yellow", moves: "dim" };

export function formatComparison(told: ToldComparison, terminal: Terminal): readonly string[] {
	const { devices, modules, everything } = told;
	const listed = devices.filter(({ change }) => everything || change !== "moves");
	const besides = modules.filter((one) => one.devices === 0 && !isPartOfKernel(one));
	const remarks = listRemarks(told);
	const paragraph = (text: string) => wrapText(printable(text), terminal.width, terminal);
	return [
		...paragraph(formatLoss(told)).map((line) => terminal.paint("bold", line)),
		...(listed.length > 0 ? ["", ...formatCells(tableDevices(listed, everything), deviceLimits, terminal)] : []),
		...(besides.length > 0 ? ["", ...formatCells(tableModules(besides), moduleLimits, terminal)] : []),
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
	const losing = devices.filter(({ change }) => change === "loses");
	const first = losing.find(({ after }) => after.length === 0) ?? losing[0];
	if (first === undefined) {
		const between = `from ${a.name} to ${b.name}`;
		if (others.length > 0) return `no device loses a driver ${between}: ${listWords(others)}`;
		return `no device gains, loses or changes a driver ${between}`;
	}
	const who = loses === 1 ? "loses a driver" : "lose a driver";
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

const heading = (first: string): readonly Cell[] =>
	[first, "BEFORE", "AFTER", "CAUSE"].map((text) => ({ text, style: "bold" }));

/** Devices that are alike in all columns are one row, which tells their number. */
function tableDevices(devices: readonly ComparedDeviceRecord[], everything: boolean): readonly (readonly Cell[])[] {
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
	return [heading("DEVICE"), ...rows];
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

/** A module that one of the kernels has in itself is lost by nobody. */
const isPartOfKernel = ({ change }: ComparedModuleRecord): boolean => change === "built in" || change === "as a file";

function tableModules(modules: readonly ComparedModuleRecord[]): readonly (readonly Cell[])[] {
	return [heading("MODULE"), ...modules.map(listModuleCells)];
}

function listModuleCells({ module, change, before, after, cause }: ComparedModuleRecord): readonly Cell[] {
	const style = change === "lost" ? "red" : change === "gained" ? "green" : undefined;
	const states = [before, after].map((state) => (state === undefined ? none : { text: "loaded" }));
	const why = `${describeDifference(change, before, after)}${cause}`;
	return [{ text: printable(module), style }, ...states, { text: printable(why), style }];
}

function describeDifference(
	change: ComparedModuleRecord["change"],
	before: PlannedModule | undefined,
	after: PlannedModule | undefined,
): string {
	if (change === "parameters")
		return `${before?.parameters || "no parameters"} becomes ${after?.parameters || "no parameters"}, `;
	if (change !== "command") return "";
	return `${before?.command ?? "its file"} becomes ${after?.command ?? "its file"}, `;
}

function listRemarks({ modules, summary, everything }: ToldComparison): readonly string[] {
	const { a, b, moves, modulesOtherwise } = summary;
	const moved = countThings(moves, "device has", "devices have");
	const otherwise = countThings(modulesOtherwise, "module is", "modules are");
	const namesOf = (word: ComparedModuleRecord["change"]) =>
		modules.filter(({ change }) => change === word).map(({ module }) => module);
	return [
		...(moves > 0 && !everything ? [`${moved} moved and kept the same modules (-v lists them)`] : []),
		...(modulesOtherwise > 0 ? [`${otherwise} loaded otherwise, which is no loss`] : []),
		...describeParts(namesOf("built in"), a, b),
		...describeParts(namesOf("as a file"), b, a),
		...[a, b].map(describeSide),
		...[a, b].flatMap(describeLacks),
	];
}

function describeParts(modules: readonly string[], loads: ComparedSide, has: ComparedSide): readonly string[] {
	if (modules.length === 0) return [];
	return [`loaded in ${loads.name}, and built into the kernel of ${has.name}: ${listWords(modules)}`];
}

function describeSide({ name, release, devices, alone, modules }: ComparedSide): string {
	const which = release === undefined || release === name ? "" : `${release}, `;
	const own = alone === 0 ? "" : `, ${alone} of them here alone`;
	return `${name}: ${which}${countThings(devices, "device")}${own}, ${countThings(modules, "module")}`;
}

function describeLacks({ name, lacks = [] }: ComparedSide): readonly string[] {
	if (lacks.length === 0) return [];
	return [`${name} does not hold ${listWords(lacks)}: what would be kept out there is not known`];
}
