// The records of hotplugd compare --json, and their types: schemas/compare.json is made from them, docstrings and all.

import type { WholeNumber } from "../../libkmod/kernel/whole-number.js";
import type { NearestPattern } from "../explaining/explanation.js";
import type { SkippedRecord } from "../faults/skipped.js";
import type { BootNeedRecord, BootRecord } from "../initramfs/boot-records.js";
import type { Both, ServingModule } from "./answers.js";
import type { Because } from "./because.js";
import { explainBecause } from "./because-text.js";
import type { SidesCompared } from "./comparison.js";
import type { ChangeWord, DeviceChange, ModuleAbsence } from "./device-changes.js";
import type { ModuleChange, ModuleChangeWord, PlanBecause } from "./plan-changes.js";
import type { PlannedModule } from "./side-plan.js";
import type { Side } from "./sides.js";

/**
 * A line of hotplugd compare --json: devices first, then modules, and the summary at the end. With --initramfs, the needs of the
 * boot, and the answer at the end.
 */
export type CompareRecord =
	| ComparedDeviceRecord
	| ComparedModuleRecord
	| SkippedRecord
	| ComparedSummaryRecord
	| BootNeedRecord
	| BootRecord;

/** A device of which other modules serve it in B than in A, or that has moved. */
export type ComparedDeviceRecord = {
	readonly kind: "device";
	/**
	 * "loses": no module serves the device in B. "gains": none does in A. "changes": others do, or some. "moves": the same do, and the
	 * device is at another path. Where each module serves by itself (input:, dmi:, cpu:), a module less is a loss, and one more a gain.
	 */
	readonly change: ChangeWord;
	/** Its path below /sys in A, or in B where only B has it. */
	readonly device: string;
	/** Its path in B, where that is another one. */
	readonly movedTo?: string;
	readonly subsystem?: string;
	/** What the device is called, where a list of hardware has it. */
	readonly name?: string;
	/** The alias that asks for the first module that is lost or gained, or else the device's first one. "" when it has none. */
	readonly alias: string;
	/** The modules that serve the device in A, and in B. */
	readonly before: readonly ServingModule[];
	readonly after: readonly ServingModule[];
	/** The modules of A that do not serve it in B, and those of B that do not in A, each with its cause. */
	readonly lost: readonly AbsentModuleRecord[];
	readonly gained: readonly AbsentModuleRecord[];
	/** The cause of the first module that is lost, or else gained, in a clause. Absent where the device has only moved. */
	readonly cause?: string;
};

/** A module that serves a device on one side alone. */
export type AbsentModuleRecord = {
	readonly module: string;
	readonly alias: string;
	/** Why it does not on the other: `side` is the one that decides, and on which the file named is. */
	readonly because: Because;
	/** The same for people. */
	readonly cause: string;
	/** The pattern of that kernel that comes nearest, where none matches. */
	readonly nearest?: NearestPattern;
};

/** A module that is in one plan alone, or has other parameters, or another command, in the other. */
export type ComparedModuleRecord = {
	readonly kind: "module";
	readonly module: string;
	/**
	 * "lost": in A's plan alone. "gained": in B's. "built in": in A's plan, and a part of B's kernel; "as a file": the other way round.
	 * "parameters", "command": in both, with other options lines or another install line.
	 */
	readonly change: ModuleChangeWord;
	readonly before?: PlannedModule;
	readonly after?: PlannedModule;
	/** How many devices have lost or gained it. 0 for a module that comes with others. */
	readonly devices: WholeNumber;
	readonly because: PlanBecause;
	/** The same for people. */
	readonly cause: string;
};

export type ComparedSummaryRecord = {
	readonly kind: "summary";
	readonly a: ComparedSide;
	readonly b: ComparedSide;
	/** Devices by what becomes of them. */
	readonly loses: WholeNumber;
	readonly gains: WholeNumber;
	readonly changes: WholeNumber;
	readonly moves: WholeNumber;
	/** Modules by what becomes of them. */
	readonly modulesLost: WholeNumber;
	readonly modulesGained: WholeNumber;
	readonly modulesBuiltIn: WholeNumber;
	readonly modulesAsFiles: WholeNumber;
	/** Modules with other parameters or another install line. */
	readonly modulesOtherwise: WholeNumber;
};

export type ComparedSide = {
	readonly name: string;
	readonly release?: string;
	readonly devices: WholeNumber;
	/** Devices that the other side has not. */
	readonly alone: WholeNumber;
	/** Modules that would be loaded. */
	readonly modules: WholeNumber;
	/** What a capture does not hold though it decides: what these keep out is not known. */
	readonly lacks?: readonly string[];
};

/** What is told of devices besides: found out only for those that are told. */
export type ComparisonFinders = {
	/** What a device with these aliases is called. */
	readonly nameOf: (aliases: readonly string[]) => string | undefined;
	/** The pattern of the side that lacks the module that comes nearest to the alias. */
	readonly nearestTo: (absence: ModuleAbsence) => NearestPattern | undefined;
};

export function recordDevice(
	change: DeviceChange,
	names: Both<string>,
	{ nameOf, nearestTo }: ComparisonFinders,
): ComparedDeviceRecord {
	const { a, b, before, after } = change;
	const device = a ?? b;
	const recordAbsence = (absence: ModuleAbsence): AbsentModuleRecord => {
		const nearest = nearestTo(absence);
		const cause = explainBecause(absence.because, absence.module, names);
		return { ...absence, cause, ...(nearest !== undefined && { nearest }) };
	};
	const lost = change.lost.map(recordAbsence);
	const gained = change.gained.map(recordAbsence);
	const first = lost[0] ?? gained[0];
	const aliases = device?.aliases ?? [];
	const name = nameOf(aliases);
	const subsystem = a?.subsystem ?? b?.subsystem;
	return {
		kind: "device",
		change: change.change,
		device: device?.devpath ?? "",
		...(a !== undefined && b !== undefined && a.devpath !== b.devpath && { movedTo: b.devpath }),
		...(subsystem !== undefined && { subsystem }),
		...(name !== undefined && { name }),
		alias: first?.alias ?? aliases[0] ?? "",
		...{ before, after, lost, gained },
		...(first !== undefined && { cause: first.cause }),
	};
}

export function recordModule(change: ModuleChange, names: Both<string>): ComparedModuleRecord {
	const { module, devices, because, ...states } = change;
	return { kind: "module", module, ...states, devices, because, cause: explainBecause(because, module, names) };
}

export function summariseComparison(compared: SidesCompared, sides: Both<Side>): ComparedSummaryRecord {
	const { changes, modules } = compared;
	const ofWord = (word: ChangeWord): number => changes.filter(({ change }) => change === word).length;
	const modulesOf = (...words: readonly ModuleChangeWord[]): number =>
		modules.filter(({ change }) => words.includes(change)).length;
	return {
		kind: "summary",
		a: summariseSide("a", compared, sides),
		b: summariseSide("b", compared, sides),
		loses: ofWord("loses"),
		gains: ofWord("gains"),
		changes: ofWord("changes"),
		moves: ofWord("moves"),
		modulesLost: modulesOf("lost"),
		modulesGained: modulesOf("gained"),
		modulesBuiltIn: modulesOf("built in"),
		modulesAsFiles: modulesOf("as a file"),
		modulesOtherwise: modulesOf("parameters", "command"),
	};
}

function summariseSide(key: keyof Both<Side>, compared: SidesCompared, sides: Both<Side>): ComparedSide {
	const { name, release, lacks = [] } = sides[key];
	return {
		name,
		...(release !== undefined && { release }),
		devices: compared.devices[key],
		alone: compared.alone[key],
		modules: compared.loaded[key],
		...(lacks.length > 0 && { lacks }),
	};
}
