// Which part of a dry run is asked for: devices and modules by their names, devices by their subsystem, and both by their state.
// Pure.

import type { Step } from "../../libkmod/planning/plan-insertion.js";
import { normaliseName } from "../../libkmod/text/module-name.js";
import type { Batch } from "../decisions/batch.js";
import { type DeviceRow, type ModuleRow, type RowState, rowStates } from "./device-rows.js";

/** The words of one list are alternatives; a row has to meet every list that is not empty. */
export type RowFilter = {
	/** Each a module, a device or a subsystem. */
	readonly words: readonly string[];
	readonly modules: readonly string[];
	/** Paths with or without /sys before them, the ends of such paths, and addresses such as 0000:00:1f.2 and 00:1f.2. */
	readonly devices: readonly string[];
	readonly subsystems: readonly string[];
	readonly states: readonly RowState[];
};

export const isFiltering = (filter: RowFilter): boolean => Object.values(filter).some((list) => list.length > 0);

/** Reads the name of a state, in which a dash may stand for the blank: kept-out. Undefined for a word that is none. */
export function findState(word: string): RowState | undefined {
	return rowStates.find((state) => state === word.replaceAll("-", " "));
}

/** The names of all states, as an option takes them. */
export const stateWords: readonly string[] = rowStates.map((state) => state.replaceAll(" ", "-"));

/** The rows that are asked for. A row that is asked for by modules or states has those of its modules alone. */
export function narrowRows(rows: readonly DeviceRow[], filter: RowFilter): readonly DeviceRow[] {
	return rows.flatMap((row) => {
		const isOf = (words: readonly string[], is: (row: DeviceRow, word: string) => boolean): boolean =>
			words.length === 0 || words.some((word) => is(row, word));
		if (!isOf(filter.devices, isDevice) || !isOf(filter.subsystems, isInSubsystem)) return [];
		const whole = isOf(filter.words, (one, word) => isDevice(one, word) || isInSubsystem(one, word));
		const modules = row.modules
			.filter((module) => whole || filter.words.some((word) => concerns(module, word)))
			.filter((module) => filter.modules.length === 0 || filter.modules.some((word) => concerns(module, word)))
			.filter(({ state }) => filter.states.length === 0 || filter.states.includes(state) || isUnboundAs(row, filter));
		if (modules.length > 0) return [modules.length === row.modules.length ? row : { ...row, modules }];
		const isAlone = row.modules.length === 0 && whole && filter.modules.length === 0;
		return isAlone && (filter.states.length === 0 || filter.states.includes(row.state)) ? [row] : [];
	});
}

/** Whether the device is asked for by the state that it has although all its modules are loaded. */
const isUnboundAs = ({ unbound, state }: DeviceRow, { states }: RowFilter): boolean =>
	unbound !== undefined && states.includes(state);

/** Whether the word names the module, or one that comes with it. */
function concerns({ module, brings }: ModuleRow, word: string): boolean {
	const name = normaliseName(word);
	return module === name || brings.includes(name);
}

function isDevice({ devpath }: DeviceRow, word: string): boolean {
	const path = word.replace(/^\/sys(?=\/)/, "").replace(/\/+$/, "");
	if (path === "") return false;
	return devpath === path || devpath.endsWith(`/${path}`) || (PCI_ADDRESS.test(path) && devpath.endsWith(`:${path}`));
}

/** An address of PCI without its domain, as lspci(8) prints it. */
const PCI_ADDRESS = /^[\da-f]{2}:[\da-f]{2}\.[0-7]$/i;

/** Where /sys does not tell the subsystem, the bus that an alias begins with stands for it. */
function isInSubsystem({ subsystem, aliases }: DeviceRow, word: string): boolean {
	return subsystem === undefined ? aliases.some((alias) => alias.startsWith(`${word}:`)) : subsystem === word;
}

/** The batches with what concerns these rows alone: their decisions, and the steps of their modules with all that those bring. */
export function narrowBatches(batches: readonly Batch[], rows: readonly DeviceRow[]): readonly Batch[] {
	const kept = new Map(rows.map(({ devpath, modules }) => [devpath, new Set(modules.map(({ module }) => module))]));
	const needed = new Set(rows.flatMap(({ modules }) => modules.flatMap(({ module, brings }) => [module, ...brings])));
	const narrowStep = (step: Step): Step => ({ ...step, after: step.after.filter(({ module }) => needed.has(module)) });
	return batches.map((batch) => ({
		...batch,
		plan: batch.plan.filter(({ module }) => needed.has(module)).map(narrowStep),
		decisions: batch.decisions.flatMap((decision) => {
			const modules = kept.get(decision.device);
			if (modules === undefined) return [];
			const matches = decision.matches.filter(({ found }) => modules.has(found.module));
			return matches.length > 0 || modules.size === 0 ? [{ ...decision, matches }] : [];
		}),
	}));
}
