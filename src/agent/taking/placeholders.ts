// What stands for a value that was replaced: docs/capture.md, "Placeholders". Pure.

import type { MaskedKind } from "./mask-patterns.js";

/** The values of each kind, and their numbers from 1, in the order of the values sorted by byte. */
export type Numbering = ReadonlyMap<MaskedKind, ReadonlyMap<string, number>>;

export function numberValues(found: ReadonlyMap<MaskedKind, ReadonlySet<string>>): Numbering {
	return new Map(
		[...found].map(([kind, values]) => [
			kind,
			new Map([...values].sort().map((value, place): [string, number] => [value, place + 1])),
		]),
	);
}

/**
 * The placeholder of a value, in the syntax of what it replaces.
 * @param number 0 for a value that was not numbered
 * @param raw the text of the value, whose separators stay
 */
export function formatPlaceholder(kind: MaskedKind, number: number, raw: string): string {
	switch (kind) {
		case "uuid": {
			const digits = `00000000000040008000${padded(number, 12)}`;
			const [, separator = ""] = /^[0-9A-Fa-f]{8}(-|_|\\x2d)/i.exec(raw) ?? [];
			return [0, 8, 12, 16, 20].map((from, place, all) => digits.slice(from, all[place + 1])).join(separator);
		}
		case "mac":
			return withDigits(raw, "02", number);
		case "wwn":
			return withDigits(raw, "5", number);
		case "iqn":
			return `.2000-01.example:${number}`;
		case "ip4":
			return `10.${[16, 8, 0].map((bits) => (number >> bits) & 0xff).join(".")}`;
		case "ip6":
			return `fd00::${number}`;
		default:
			return `masked${kind}${number}`;
	}
}

const padded = (number: number, digits: number): string => String(number).padStart(digits, "0");

/** Replaces the hexadecimal digits: by a prefix, and by the number in the digits that are left. */
function withDigits(raw: string, prefix: string, number: number): string {
	const count = raw.replaceAll(/[^0-9A-Fa-f]/g, "").length;
	const digits = prefix + padded(number, count - prefix.length);
	let place = 0;
	return raw.replaceAll(/[0-9A-Fa-f]/g, () => digits[place++] ?? "0");
}
