// What people are told of the patterns that come nearest to a device: sentences, in which no driver is proposed.

import { printable } from "../../libkmod/text/printable.js";
import { shorten } from "../../libkmod/text/shorten.js";
import { listWords } from "../../libkmod/text/word-lists.js";
import type { FieldDifference, NearPatterns } from "./nearest-patterns.js";

const MOST_NAMED = 3;
const LONGEST_VALUE = 60;

/**
 * One sentence for the patterns that agree equally far: the first, the first field that differs, and how many others there are.
 * Without a full stop, and safe to print.
 */
export function explainNearest(near: NearPatterns): string {
	const [{ module, pattern }] = near.patterns;
	return `${printable(module)} (${printable(shorten(pattern))}): ${explainDifference(near.differing[0])}${explainOthers(near)}`;
}

/** The modules of the patterns that agree equally far, in their order, each with the number of its patterns. */
export function countModules({ patterns }: NearPatterns): ReadonlyMap<string, number> {
	const counts = new Map<string, number>();
	for (const { module } of patterns) counts.set(module, (counts.get(module) ?? 0) + 1);
	return counts;
}

function explainDifference({ field, isList, device, pattern, common }: FieldDifference): string {
	const wanted = cut(plain(pattern));
	if (device === "") return `it has no ${field}, and the pattern wants ${wanted}`;
	if (isList) return `its ${field} lack ${wanted}, which the pattern wants`;
	const alike = common === "" ? "" : ` (both begin with ${cut(common)})`;
	return `its ${field} is ${cut(device)}, and the pattern wants ${wanted}${alike}`;
}

function explainOthers(near: NearPatterns): string {
	const others = near.patterns.length - 1;
	if (others === 0) return "";
	const count = others === 1 ? "1 other pattern agrees as far" : `${others} other patterns agree as far`;
	const modules = [...countModules(near).keys()];
	if (modules.length === 1) return `; ${count}`;
	const named = modules.slice(0, MOST_NAMED).map((name) => printable(name));
	const left = modules.length - named.length;
	const more = left === 0 ? [] : [`${left} other module${left === 1 ? "" : "s"}`];
	return `; ${count}: they are of ${listWords([...named, ...more])}`;
}

/** A wanted value without the wildcards around it. */
function plain(pattern: string): string {
	const bare = pattern.replace(/^[*,]+/, "").replace(/[*,]+$/, "");
	return bare === "" ? pattern : bare;
}

function cut(value: string): string {
	return printable(value.length <= LONGEST_VALUE ? value : `${value.slice(0, LONGEST_VALUE - 3)}...`);
}
