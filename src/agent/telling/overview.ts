// Coldplug at a glance, for people: what is loaded in numbers, the exceptions, then the table of devices. A dry run and the end of
// a real run print it alike. Pure.

import { printable } from "../../libkmod/text/printable.js";
import { countThings } from "../../libkmod/text/word-lists.js";
import type { Terminal } from "../../ports/terminal.js";
import type { Batch } from "../decisions/batch.js";
import type { DeviceRow, ModuleRow, RowState } from "./device-rows.js";
import { formatTable, shortDevices, stateStyles } from "./device-table.js";
import { padTo, shortenTo, wrapText } from "./text-layout.js";

export type Overview = {
	readonly batches: readonly Batch[];
	readonly rows: readonly DeviceRow[];
	/** How many modules the plan has, or how many were loaded, dependencies included; and how many of those failed. */
	readonly modules: number;
	/** What was done with them: "to load" or "loaded". */
	readonly done: string;
	/** Devices that ask for nothing have rows too, and no rows are put together. */
	readonly everything: boolean;
	/** What could not be read, and would perhaps have told why a device is not bound. */
	readonly unread?: string | undefined;
};

/** A kind of exception: what is listed, each with an explanation. */
type Exceptions = {
	readonly title: string;
	/** The title behind a number, where it is another. */
	readonly counted?: string;
	/** A last line. */
	readonly remark?: string | undefined;
	readonly state: RowState;
	readonly items: readonly (readonly [subject: string, why: string])[];
};

export function formatOverview(overview: Overview, terminal: Terminal): readonly string[] {
	const { rows, everything } = overview;
	const exceptions = listExceptions(overview);
	const asking = rows.filter(({ state }) => state !== "no module");
	const tabled = everything ? rows : asking;
	const nothing = rows.length - tabled.length;
	return [
		...wrapText(countAll(overview, exceptions), terminal.width, terminal).map((line) => terminal.paint("bold", line)),
		...exceptions.flatMap((one) => ["", ...formatExceptions(one, terminal)]),
		...(tabled.length > 0 ? ["", ...formatTable(tabled, terminal, everything)] : []),
		...(nothing > 0
			? ["", ...wrapText(countSilent(nothing, asking.some(isDriverless)), terminal.width, terminal)]
			: []),
	];
}

/** All text of an overview that comes from outside, for the measure of a terminal. */
export function* listTexts({ rows }: Pick<Overview, "rows">): Generator<string> {
	for (const { devpath, name, driver, aliases, modules, problem, unbound } of rows) {
		yield* [devpath, name ?? "", driver ?? "", problem ?? "", unbound?.cause ?? "", ...aliases];
		for (const { module, cause } of modules) yield* [module, cause];
	}
}

/** Devices without a driver ask for no module that there is either, and are told by name. */
const isDriverless = ({ state }: DeviceRow): boolean => state === "no driver";

function countSilent(devices: number, besideOthers: boolean): string {
	const other = besideOthers ? "other " : "";
	const who = countThings(devices, `${other}device asks`, `${other}devices ask`);
	return `${who} for no module that there is (-v lists ${devices === 1 ? "it" : "them"})`;
}

/** A module that is kept out, or missing, serves no device. */
const isServing = ({ state }: ModuleRow): boolean => state !== "kept out" && state !== "missing";

function countAll({ batches, rows, modules, done }: Overview, exceptions: readonly Exceptions[]): string {
	const planned = batches.filter(({ plan }) => plan.length > 0).length;
	const served = rows.filter((row) => row.modules.some(isServing)).length;
	const parts = exceptions.map(({ title, counted = title, items }) => `${items.length} ${counted}`);
	const loaded = new Set(
		rows.flatMap((row) => row.modules.filter(({ state }) => state === "loaded").map(({ module }) => module)),
	);
	if (done === "to load" && loaded.size > 0) parts.push(`${loaded.size} loaded already`);
	const devices = served === rows.length || modules === 0 ? "" : `${served === 0 ? "none" : served} of `;
	const all =
		modules === 0
			? `nothing ${done} for ${countThings(rows.length, "device")}`
			: `${countThings(modules, "module")} ${done} in ${countThings(planned, "batch", "batches")} for ${devices}${countThings(rows.length, "device")}`;
	return parts.length === 0 ? all : `${all}; ${parts.join(", ")}`;
}

function listExceptions({ rows, batches, unread }: Overview): readonly Exceptions[] {
	const short = shortDevices(rows.map(({ devpath }) => devpath));
	const nameOf = ({ devpath, name }: DeviceRow): string =>
		name === undefined ? short(devpath) : `${short(devpath)} (${printable(name)})`;
	const devices = (state: RowState): Exceptions["items"] =>
		rows
			.filter((row) => row.state === state && row.modules.length === 0)
			.map((row) => [nameOf(row), printable(row.problem ?? row.aliases.join(" "))]);
	const unbound = (state: RowState): Exceptions["items"] =>
		rows.filter((row) => row.state === state).map((row) => [nameOf(row), explainUnbinding(row)]);
	const of = (state: RowState): Exceptions["items"] => [...devices(state), ...listModules(rows, state, short)];
	const all: readonly Exceptions[] = [
		{ title: "without a driver", state: "no driver", items: devices("no driver") },
		{
			title: "loaded, not bound",
			counted: "not bound",
			state: "not bound",
			items: unbound("not bound"),
			remark: unread,
		},
		{
			title: "firmware missing",
			counted: "with missing firmware",
			state: "firmware missing",
			items: unbound("firmware missing"),
		},
		{ title: "failed", state: "failed", items: of("failed") },
		{ title: "not ended", state: "not ended", items: of("not ended") },
		{ title: "missing", state: "missing", items: of("missing") },
		{ title: "kept out", state: "kept out", items: of("kept out") },
		{ title: "found no hardware", state: "no hardware", items: of("no hardware") },
		{ title: "with rivals", state: "wanted", items: listRivalPairs(batches) },
	];
	return all.filter(({ items }) => items.length > 0);
}

function explainUnbinding({ unbound, modules }: DeviceRow): string {
	const names = modules
		.filter(({ module }) => unbound?.modules.includes(module))
		.map(({ module, state }) => printable(state === "built in" ? `${module} (built in)` : module));
	return `${names.join(", ")}: ${printable(unbound?.cause ?? "no reason is known")}`;
}

/** Each module of a state once, with its cause and the devices that ask for it. */
function listModules(
	rows: readonly DeviceRow[],
	state: RowState,
	short: (devpath: string) => string,
): Exceptions["items"] {
	const found = new Map<string, { readonly row: ModuleRow; readonly devices: string[] }>();
	for (const { devpath, modules } of rows)
		for (const row of modules.filter((one) => one.state === state)) {
			const known = found.get(row.module);
			if (known === undefined) found.set(row.module, { row, devices: [devpath] });
			else known.devices.push(devpath);
		}
	return [...found.values()].map(({ row, devices }) => {
		const [first = ""] = devices;
		const more = devices.length > 1 ? ` and ${devices.length - 1} more` : "";
		return [printable(row.module), `${printable(row.cause)} (asked for by ${short(first)}${more})`];
	});
}

/** Aliases by which drivers bind no device: all handlers of input devices serve one at a time, and a processor has many features. */
const BINDS_NOTHING = /^(?:input|dmi|cpu):/;

/** Each module that begins after a rival, once. */
function listRivalPairs(batches: readonly Batch[]): Exceptions["items"] {
	const pairs = new Map<string, readonly [string, string]>();
	for (const { module, after } of batches.flatMap(({ plan }) => plan)) {
		const first = after.filter(({ rival }) => rival !== undefined);
		if (first.length === 0) continue;
		const why = first.every(({ rival = "" }) => BINDS_NOTHING.test(rival))
			? `, which ${first.length === 1 ? "matches" : "match"} the same alias`
			: ": the first that fits binds the device";
		const names = first.map((one) => printable(one.module)).join(", ");
		pairs.set(module, [printable(module), `goes after ${names}${why}`]);
	}
	return [...pairs.values()];
}

function formatExceptions({ title, state, items, remark }: Exceptions, terminal: Terminal): readonly string[] {
	const style = stateStyles[state];
	const widths = items.map(([subject]) => terminal.measure(subject));
	const column = Math.max(0, ...widths.filter((width) => width <= MOST_SUBJECT_COLUMNS));
	const heading = style === undefined ? `${title}:` : terminal.paint(style, `${title}:`);
	const lines = items.flatMap(([subject, why]) => {
		const head = `  ${shortenTo(subject, terminal.width - 2, terminal)}`;
		// The explanation of a subject that is too long to stand beside it begins a line, which has room for a whole alias.
		const isLong = terminal.measure(subject) > column;
		const indent = " ".repeat(isLong ? LONG_SUBJECT_INDENT : 4 + column);
		const told = wrapText(why, terminal.width - indent.length, terminal);
		const [first = "", ...more] = told;
		const beside = isLong ? [head, indent + first] : [padTo(head, indent.length, terminal) + first];
		return [...beside, ...more.map((line) => indent + line)];
	});
	const last = remark === undefined ? [] : wrapText(`(${printable(remark)})`, terminal.width - 2, terminal);
	return [heading, ...lines, ...last.map((line) => `  ${line}`)];
}

const MOST_SUBJECT_COLUMNS = 24;
const LONG_SUBJECT_INDENT = 6;
