// Why a module that serves a device on one side does not serve it on the other. Pure.

import type { Source } from "../../libkmod/formats/modprobe-config.js";
import {
	type AnsweredDevice,
	type AskedModule,
	type DeviceAnswer,
	type Hindrance,
	type ModulesOfSide,
	otherSide,
	type ServingModule,
	type SideKey,
} from "./answers.js";
import type { DevicePair } from "./device-pairs.js";

/**
 * `side` is the one that decides, on which the place named is: the side that lacks the module, or, for a line that only the other
 * side has, that other one.
 */
export type Because = { readonly side: SideKey } & (
	| Hindrance
	/**
	 * No pattern of the module matches the alias there. `has` tells whether that kernel has the module all the same, `matched` whether
	 * modules match that do so on the other side too.
	 */
	| { readonly kind: "no pattern"; readonly has: boolean; readonly matched: boolean }
	/**
	 * The alias leads to a module there to which it does not lead on the other side: the first such. The source is a line of modprobe.d;
	 * without it, an index leads.
	 */
	| { readonly kind: "another module"; readonly module: string; readonly pattern: string; readonly source?: Source }
	/** The device is on the other side alone. */
	| { readonly kind: "no device" }
	/** The device at this place has other aliases there: this is the first. */
	| { readonly kind: "another device"; readonly alias: string }
	/** The alias line of modprobe.d that the other side has, and this one has not. */
	| { readonly kind: "no alias line"; readonly source: Source }
	/** The [[load]] rule of the other side's policy. */
	| { readonly kind: "no load rule"; readonly source: Source }
	/** The alias could not be looked up. */
	| { readonly kind: "not looked up"; readonly problem: string }
);

type Asked = {
	readonly pair: DevicePair;
	/** The side that lacks the module, and its kernel. */
	readonly side: SideKey;
	readonly kernel: ModulesOfSide;
};

export function explainAbsence(module: ServingModule, { pair, side, kernel }: Asked): Because {
	const device = pair[side];
	if (device === undefined) return { side, kind: "no device" };
	const { answer } = device;
	const kept = answer.keptOut.find((one) => one.module === module.module);
	if (kept !== undefined) return { side, ...kept.by };
	if (answer.problem !== undefined) return { side, kind: "not looked up", problem: answer.problem };
	if (module.rule !== undefined) return { side: otherSide(side), kind: "no load rule", source: module.rule };
	if (!device.aliases.includes(module.alias)) return { side, kind: "another device", alias: firstAlias(device) };
	const matching = listMatching(answer, module.alias);
	const known = new Set(listMatching(pair[otherSide(side)]?.answer, module.alias).map((one) => one.module));
	const other = matching.find((one) => !known.has(one.module));
	if (other !== undefined) return { side, kind: "another module", ...placeOfPattern(other) };
	if (module.source !== undefined) return { side: otherSide(side), kind: "no alias line", source: module.source };
	return { side, kind: "no pattern", has: kernel.hasFile(module.module), matched: matching.length > 0 };
}

const firstAlias = ({ aliases }: AnsweredDevice): string => aliases[0] ?? "";

/** The modules that an alias leads to, whether or not they are kept out. */
function listMatching(answer: DeviceAnswer | undefined, alias: string): readonly AskedModule[] {
	const all = [...(answer?.serving ?? []), ...(answer?.keptOut ?? [])];
	return all.filter((one) => one.alias === alias);
}

const placeOfPattern = ({ module, pattern, source }: AskedModule) => ({
	...{ module, pattern },
	...(source !== undefined && { source }),
});
