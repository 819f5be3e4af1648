// Which device of one side is which of the other: by its path, or, where it has moved, by its aliases and its subsystem. Pure.

import type { AnsweredDevice } from "./answers.js";

/** What pairing reads of a device. */
type Placed = Pick<AnsweredDevice, "devpath" | "subsystem" | "aliases">;

export type DevicePair<Device extends Placed = AnsweredDevice> = {
	/** Undefined for a device that is on the other side alone. */
	readonly a?: Device | undefined;
	readonly b?: Device | undefined;
};

/**
 * Pairs the devices of two sides: first those of one path that share an alias; then, by their order, those of the same aliases and
 * subsystem, which have moved; then those of one path with other aliases, such as another card in the same slot. The rest are on
 * one side alone. Pairs come in the order of `a`, and the devices that only `b` has, in its order, behind them.
 */
export function pairDevices<Device extends Placed>(
	a: readonly Device[],
	b: readonly Device[],
): readonly DevicePair<Device>[] {
	if (areAlike(a, b)) return a.map((device, at) => ({ a: device, b: b[at] }));
	const pairs = new Map<Device, Device>();
	const taken = new Set<Device>();
	const pair = (one: Device, other: Device): void => {
		pairs.set(one, other);
		taken.add(other);
	};
	const atPath = new Map(b.map((device) => [device.devpath, device]));
	for (const one of a) {
		const other = atPath.get(one.devpath);
		if (other !== undefined && !taken.has(other) && shareAlias(one, other)) pair(one, other);
	}
	pairMoved(
		a.filter((one) => !pairs.has(one)),
		b.filter((one) => !taken.has(one)),
		pair,
	);
	for (const one of a) {
		const other = pairs.has(one) ? undefined : atPath.get(one.devpath);
		if (other !== undefined && !taken.has(other)) pair(one, other);
	}
	const alone = b.filter((one) => !taken.has(one));
	return [...a.map((one) => ({ a: one, b: pairs.get(one) })), ...alone.map((one) => ({ b: one }))];
}

/** Whether both lists have the same devices in the same order, as two kernels for one machine do. */
function areAlike(a: readonly Placed[], b: readonly Placed[]): boolean {
	if (a.length !== b.length) return false;
	return a.every((one, at) => one.devpath === b[at]?.devpath && shareAlias(one, b[at]));
}

function shareAlias({ aliases: own }: Placed, { aliases: others }: Placed): boolean {
	return own === others || own[0] === others[0] || own.some((alias) => others.includes(alias));
}

function pairMoved<Device extends Placed>(
	a: readonly Device[],
	b: readonly Device[],
	pair: (one: Device, other: Device) => void,
): void {
	const waiting = new Map<string, Device[]>();
	for (const one of b) {
		if (one.aliases.length === 0) continue;
		const known = waiting.get(kindOf(one));
		if (known === undefined) waiting.set(kindOf(one), [one]);
		else known.push(one);
	}
	// A queue from its end: shift() would take as long as the queue is.
	for (const queue of waiting.values()) queue.reverse();
	for (const one of a) {
		const other = one.aliases.length === 0 ? undefined : waiting.get(kindOf(one))?.pop();
		if (other !== undefined) pair(one, other);
	}
}

const kindOf = ({ subsystem = "", aliases }: Placed): string => [subsystem, ...aliases].join("\0");
