// Whether a configuration of modprobe's has to do with a device at all: nearly all lines are about modules that no device at hand asks
// for, and then the device fares as without them. Pure.

import { normaliseAlias } from "../../libkmod/text/module-name.js";
import { matchesWildcard } from "../../libkmod/text/wildcard.js";
import type { Answering } from "../comparing/sides.js";

/** @param modules all that the aliases bring: modules that match, and what these need or come with */
export type Touches = (aliases: readonly string[], modules: readonly string[]) => boolean;

/** Lines of modprobe.d and of the kernel command line. Options change no driver, and weakdeps load nothing. */
export function findTouches({ knowledge, kernelBlacklist }: Pick<Answering, "knowledge" | "kernelBlacklist">): Touches {
	const { moduleDirectory, configuration } = knowledge;
	const { aliases, blacklist, install, remove, softdeps } = configuration;
	const ofKernel = `${moduleDirectory}/`;
	const patterns = [...install, ...remove, ...softdeps.filter(({ source }) => !source.file.startsWith(ofKernel))].map(
		({ pattern }) => pattern,
	);
	const names = new Set([...blacklist.map(({ module }) => module), ...kernelBlacklist.modules, ...patterns]);
	const wild = patterns.filter((pattern) => WILDCARD.test(pattern));
	if (names.size === 0 && aliases.length === 0) return () => false;
	return (asked, modules) => {
		for (const module of modules)
			if (names.has(module) || wild.some((pattern) => matchesWildcard(pattern, module))) return true;
		for (const alias of asked) {
			// An alias that has no normal form is asked as it is, and matches nothing.
			const key = normaliseAlias(alias) ?? alias;
			if (names.has(key) || aliases.some(({ pattern }) => matchesWildcard(pattern, key))) return true;
		}
		return false;
	};
}

const WILDCARD = /[*?[\\]/;

/** So many answers are remembered, in four bytes each: as many as a kernel has aliases. */
const PLACES = 2 ** 15;
/** A larger number is not remembered. */
const MOST_NUMBER = 2 ** 31 - 2;

/** Remembers yes or no by number. Of the numbers that share a place, the last one is remembered. */
export class TouchedNumbers {
	/** Twice the number, and 1 for yes; all of it one more, since 0 stands for nothing. */
	readonly #places = new Uint32Array(PLACES);

	ask(number: number, answer: () => boolean): boolean {
		if (number > MOST_NUMBER) return answer();
		const place = number % PLACES;
		const no = 2 * number + 1;
		const found = this.#places[place]! - no;
		if (found === 0 || found === 1) return found === 1;
		const asked = answer();
		this.#places[place] = asked ? no + 1 : no;
		return asked;
	}
}
