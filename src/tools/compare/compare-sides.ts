// Compares two sides, and prints the result: as text, or as JSON lines.

import type { Both } from "../../agent/comparing/answers.js";
import { compareSides } from "../../agent/comparing/comparison.js";
import {
	type ComparisonFinders,
	recordDevice,
	recordModule,
	summariseComparison,
} from "../../agent/comparing/comparison-records.js";
import { formatComparison, listTextsOf, type ToldComparison } from "../../agent/comparing/comparison-text.js";
import { nameSides } from "../../agent/comparing/side-names.js";
import type { NearestPattern } from "../../agent/explaining/explanation.js";
import { namingHardware } from "../../agent/explaining/hardware-names.js";
import { listNearest } from "../../agent/explaining/unmatched.js";
import { type Skipped, skippedRecord } from "../../agent/faults/skipped.js";
import { exitStatus } from "../../agent/telling/exit-status.js";
import { explainSkipped, listSkipped } from "../../agent/telling/explain.js";
import { formatJson } from "../../libkmod/text/byte-strings.js";
import { printable } from "../../libkmod/text/printable.js";
import type { Machine } from "../../ports/machine.js";
import type { OnSkipped } from "../../ports/skipping.js";
import { StartFailure } from "../agent/start-failure.js";
import { openTerminal } from "../command-line/terminal.js";
import type { CompareForm, CompareOptions } from "./compare-options.js";
import { findPlaces } from "./compared-places.js";
import { type OpenedSide, openSide } from "./open-side.js";

/** A device loses its driver. */
const LOSS = 3;

export const compareTwoSides: CompareForm = async (given, operands, machine) => {
	const [first, second] = findPlaces(given, operands);
	const skipped: Skipped[] = [];
	const onSkipped: OnSkipped = (what, error) => void skipped.push({ what, error });
	const request = { release: given.setVersion, modules: given.dirname, told: new Set<string>(), onSkipped };
	const a = await openSide(machine, first, request);
	// Another policy may concern other devices.
	const isSame = first.machine === second.machine && given.policy.length === 0;
	const b = await openSide(machine, second, { ...request, beside: isSame ? a : undefined });
	if (given.dirname !== undefined && !a.isCaptured && !b.isCaptured)
		throw new StartFailure("-d says where the modules of captures are, and no operand is a capture", exitStatus.usage);
	const sides = { a, b };
	const compared = compareSides(sides, onSkipped);
	const names = nameSides(sides);
	const finders = findersFor(sides);
	const told: ToldComparison = {
		devices: compared.changes.map((change) => recordDevice(change, names, finders)),
		modules: compared.modules.map((change) => recordModule(change, names)),
		summary: summariseComparison(compared, { a: { ...a, name: names.a }, b: { ...b, name: names.b } }),
		everything: given.verbose > 0,
	};
	await print(told, skipped, given, machine);
	if (skipped.length > 0) return exitStatus.unable;
	return told.summary.loses > 0 ? LOSS : exitStatus.done;
};

/** For so many different aliases are the nearest patterns looked for: each takes a look at all patterns of its bus. */
const MOST_NEAREST_ALIASES = 32;

function findersFor(sides: Both<OpenedSide>): ComparisonFinders {
	const named = namingHardware(sides.a.kernel, sides.a.root);
	const nearest = new Map<string, NearestPattern | undefined>();
	return {
		nameOf: named,
		nearestTo({ alias, because }) {
			if (because.kind !== "no pattern" || because.matched) return undefined;
			const key = `${because.side} ${alias}`;
			if (!nearest.has(key) && nearest.size < MOST_NEAREST_ALIASES)
				nearest.set(key, findAgreeing(sides[because.side], alias));
			return nearest.get(key);
		},
	};
}

/** A pattern that agrees in nothing is near in name only. */
function findAgreeing(side: OpenedSide, alias: string): NearestPattern | undefined {
	const [nearest] = listNearest(side, [alias]);
	return nearest !== undefined && nearest.agreeing.length > 0 ? nearest : undefined;
}

async function print(
	told: ToldComparison,
	skipped: readonly Skipped[],
	{ json }: CompareOptions,
	machine: Machine,
): Promise<void> {
	if (json) {
		const records = [...told.devices, ...told.modules, ...skipped.map(skippedRecord), told.summary];
		for (const record of records) machine.print(`${formatJson(record)}\n`);
	} else {
		const terminal = await openTerminal(machine, listTextsOf(told));
		terminal.print(formatComparison(told, terminal));
	}
	for (const line of listSkipped(new Set(skipped.map(explainSkipped))))
		machine.complain(`hotplugd compare: ${printable(line)}\n`);
}
