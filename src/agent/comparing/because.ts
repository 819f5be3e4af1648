// Why a module that serves a device on one side does not serve it on the other. Pure.

import type { Source } from "../../libkmod/formats/modprobe-config.js";
import {
	type AnsweredDevice,
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
	/** No pattern of that kernel matches the alias. `has` tells whether the kernel has the module all the same. */
	| { readonly kind: "no pattern"; readonly has: boolean }
	/** The alias leads to other modules there: this is the first. The source is a line of modprobe.d; without it, an index leads. */
	| { readonly kind: "another module"; readonly module: string; readonly pattern: string; readonly source?: Source }
	/** The device is on the other side alone. */
	| { readonly kind: "no device" }
	/** The device at this place has other aliases there: this is the first. */
	| { readonly kind: "another device"; readonly alias: string }
	/** An [[ignore]] rule leaves the device alone. */
	| { readonly kind: "ignored"; readonly source: Source }
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
	if (answer.ignored !== undefined) return { side, kind: "ignored", source: answer.ignored };
	if (answer.problem !== undefined) return { side, kind: "not looked up", problem: answer.problem };
	if (module.rule !== undefined) return { side: otherSide(side), kind: "no load rule", source: module.rule };
	if (!device.aliases.includes(module.alias)) return { side, kind: "another device", alias: firstAlias(device) };
	const other = findOther(answer, module.alias);
	if (other !== undefined) return { side, kind: "another module", ...other };
	if (module.source !== undefined) return { side: otherSide(side), kind: "no alias line", source: module.source };
	return { side, kind: "no pattern", has: kernel.hasFile(module.module) };
}

const firstAlias = ({ aliases }: AnsweredDevice): string => aliases[0] ?? "";

/** The first module that the alias leads to, whether or not that module is kept out. */
function findOther({ serving, keptOut }: DeviceAnswer, alias: string) {
	const found = serving.find((one) => one.alias === alias) ?? keptOut.find((one) => one.alias === alias);
	if (found === undefined) return undefined;
	const { module, pattern, source } = found;
	return { module, pattern, ...(source !== undefined && { source }) };
}
