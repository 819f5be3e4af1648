// Which devices gain, lose or change a driver from one side to the other, and why. Pure: by what each side has answered for each
// device, whatever it is that the sides differ in.

import type { AnsweredDevice, Both, DeviceAnswer, ModulesOfSide, ServingModule, SideKey } from "./answers.js";
import { type Because, explainAbsence } from "./because.js";
import { type DevicePair, pairDevices } from "./device-pairs.js";

/** What becomes of a device from A to B. A device that "moves" is at another path, and keeps its modules. */
export type ChangeWord = "loses" | "gains" | "changes" | "moves";

export type DeviceChange = {
	readonly change: ChangeWord;
	/** The device of each side. Undefined where that side has none. */
	readonly a?: AnsweredDevice | undefined;
	readonly b?: AnsweredDevice | undefined;
	/** The modules that serve the device in A and in B. */
	readonly before: readonly ServingModule[];
	readonly after: readonly ServingModule[];
	/** Why each module of A's does not serve the device in B, and the other way round. */
	readonly lost: readonly ModuleAbsence[];
	readonly gained: readonly ModuleAbsence[];
};

/** A module that serves a device on one side alone. */
export type ModuleAbsence = {
	readonly module: string;
	/** The alias that asks for the module on the side that has it. */
	readonly alias: string;
	readonly because: Because;
};

export type DevicesCompared = {
	/** In the order of A's devices; then the devices that only B has, in B's order. */
	readonly changes: readonly DeviceChange[];
	/**
	 * How many devices each side has that ask for something, with an alias or by a rule, as a dry run counts them; and how many of
	 * these the other side has not.
	 */
	readonly devices: Both<number>;
	readonly alone: Both<number>;
};

/**
 * Compares the devices of two sides. compareDevices(b, a) says the same the other way round, in b's order.
 * @param kernels asked of modules that serve a device on the other side alone
 */
export function compareDevices(
	a: readonly AnsweredDevice[],
	b: readonly AnsweredDevice[],
	kernels: Both<ModulesOfSide>,
): DevicesCompared {
	const pairs = pairDevices(a, b);
	const changes: DeviceChange[] = [];
	for (const pair of pairs) {
		const change = comparePair(pair, kernels);
		if (change !== undefined) changes.push(change);
	}
	const alone = {
		a: countAsking(pairs.flatMap((pair) => (pair.b === undefined ? (pair.a ?? []) : []))),
		b: countAsking(pairs.flatMap((pair) => (pair.a === undefined ? (pair.b ?? []) : []))),
	};
	return { changes, devices: { a: countAsking(a), b: countAsking(b) }, alone };
}

/** Where a rule may concern devices without an alias, the walk lists all of them. */
const countAsking = (devices: readonly AnsweredDevice[]): number =>
	devices.filter(({ aliases, answer }) => aliases.length + answer.serving.length + answer.keptOut.length > 0).length;

/**
 * Undefined when the same modules serve the device at the same path. Where no rule of policy is about devices, and a device does not
 * move, the result depends on the device's aliases alone: a caller with many devices compares each list of aliases once.
 */
export function comparePair(pair: DevicePair, kernels: Both<ModulesOfSide>): DeviceChange | undefined {
	const { a, b } = pair;
	const hasMoved = a !== undefined && b !== undefined && a.devpath !== b.devpath;
	const before = withBuiltIn(a?.answer, b?.answer, kernels.a);
	const after = withBuiltIn(b?.answer, a?.answer, kernels.b);
	const lost = listAbsences(before, after, pair, "b", kernels);
	const gained = listAbsences(after, before, pair, "a", kernels);
	if (lost.length + gained.length > 0)
		return { change: wordFor(before, after, lost, gained), ...pair, before, after, lost, gained };
	return hasMoved && before.length > 0 ? { change: "moves", ...pair, before, after, lost, gained } : undefined;
}

/**
 * The modules that serve a device, with those that serve it on the other side and are built in here. A driver that is built in
 * binds the device even where no index tells the driver's aliases, and whatever policy says.
 */
function withBuiltIn(
	answer: DeviceAnswer | undefined,
	other: DeviceAnswer | undefined,
	{ isBuiltIn }: ModulesOfSide,
): readonly ServingModule[] {
	if (answer === undefined) return [];
	if (other === undefined) return answer.serving;
	const own = new Set(answer.serving.map(({ module }) => module));
	const more = other.serving.filter(({ module }) => !own.has(module) && isBuiltIn(module));
	return more.length === 0 ? answer.serving : [...answer.serving, ...more.map(asBuiltIn)];
}

const asBuiltIn = ({ module, alias, pattern }: ServingModule): ServingModule => ({
	...{ module, alias, pattern },
	how: "built in",
});

/** @param side the one that lacks the modules */
function listAbsences(
	has: readonly ServingModule[],
	lacks: readonly ServingModule[],
	pair: DevicePair,
	side: SideKey,
	kernels: Both<ModulesOfSide>,
): readonly ModuleAbsence[] {
	const there = new Set(lacks.map(({ module }) => module));
	return has
		.filter(({ module }) => !there.has(module))
		.map((one) => ({
			module: one.module,
			alias: one.alias,
			because: explainAbsence(one, { pair, side, kernel: kernels[side] }),
		}));
}

/**
 * Aliases by which drivers bind no device: a processor has many features, and the handlers of an input device serve one at a time.
 * Each module serves by itself, and none stands in for another.
 */
const BINDS_NOTHING = /^(?:input|dmi|cpu):/;

/** One module less is a loss where each serves by itself. Elsewhere one driver binds the device, and another may be left for it. */
function wordFor(
	before: readonly ServingModule[],
	after: readonly ServingModule[],
	lost: readonly ModuleAbsence[],
	gained: readonly ModuleAbsence[],
): ChangeWord {
	const serveAlone = [...before, ...after].every(({ alias }) => BINDS_NOTHING.test(alias));
	const [left, right] = serveAlone ? [gained, lost] : [after, before];
	if (left.length === 0) return "loses";
	return right.length === 0 ? "gains" : "changes";
}
