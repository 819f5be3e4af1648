// How near a pattern comes to a device, by the fields that agree: ranks, of which the lower one is nearer.

import { type Agreement, DIFFERS, LITERAL, OPEN } from "./alias-fields.js";
import type { BusField } from "./bus-fields.js";

type Compared = {
	readonly fields: readonly BusField[];
	readonly agreements: readonly Agreement[];
	/** The length of the words that a name begins with as the device's does. */
	readonly common: number;
};

/** The rank of a pattern: the earlier numbers decide, and the lower one is nearer. */
export function rankAgreement({ fields, agreements, common }: Compared): readonly number[] {
	const ids = agreements.filter((_, at) => fields[at]!.identifies);
	const qualities = agreements.filter((_, at) => !fields[at]!.identifies);
	return [
		tierOf(ids, qualities, common),
		// The vendor, which comes first, counts more than the device: a device's number means something only with its vendor.
		-ids.reduce<number>((sum, agreement) => sum * 2 + (agreement === LITERAL ? 1 : 0), 0),
		count(agreements, DIFFERS),
		-count(qualities, LITERAL),
		-common,
		-agreements.indexOf(DIFFERS),
	];
}

export function compareRanks(one: readonly number[], other: readonly number[]): number {
	for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return one[at]! - other[at]!;
	return 0;
}

const THIS_DEVICE = 0;
const THIS_CLASS = 1;
const THIS_VENDOR = 2;
const OTHER_CLASS = 3;
const OTHER_DEVICE = 4;
const NOTHING_ALIKE = 5;

function tierOf(ids: readonly Agreement[], qualities: readonly Agreement[], common: number): number {
	const named = count(ids, LITERAL);
	if (named + count(qualities, LITERAL) + common === 0) return NOTHING_ALIKE;
	if (ids.includes(DIFFERS)) return named > 0 ? THIS_VENDOR : OTHER_DEVICE;
	if (named > 1 || ids.at(-1) === LITERAL) return THIS_DEVICE;
	// A pattern for all devices of a vendor, or of a class: the class takes the place of the device.
	if (!qualifies(qualities)) return OTHER_CLASS;
	return named > 0 ? THIS_DEVICE : THIS_CLASS;
}

/** Whether the first quality that a pattern names is the device's, or most of them are. */
function qualifies(qualities: readonly Agreement[]): boolean {
	const first = qualities.find((agreement) => agreement !== OPEN);
	return first !== DIFFERS || count(qualities, LITERAL) > count(qualities, DIFFERS);
}

function count(agreements: readonly Agreement[], wanted: Agreement): number {
	let found = 0;
	for (const agreement of agreements) if (agreement === wanted) found++;
	return found;
}
