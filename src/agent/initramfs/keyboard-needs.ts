// The keyboard for a passphrase, and the network card for a root that comes over the network: one of several suffices, with all
// drivers on its way. Pure.

import type { CapturedDevice } from "../capture/capture.js";
import { type BootNeed, isLacking } from "./boot-need.js";
import { type BootSide, ueventValue } from "./boot-side.js";
import { type DriversFor, listDriverNeeds } from "./driver-needs.js";
import type { Judging } from "./module-verdict.js";

/**
 * The keys from Escape to S, codes 1 to 31: a device that has them all is a keyboard, as udev tells it too
 * (include/uapi/linux/input-event-codes.h).
 */
const KEYS_OF_A_KEYBOARD = 0xfffffffen;

/** Input devices that are keyboards, by their property KEY: hexadecimal words of the kernel's, the one with the first keys last. */
export function listKeyboards({ devices }: BootSide): readonly CapturedDevice[] {
	return [...devices.values()].filter((device) => {
		if (device.subsystem !== "input") return false;
		const last = (ueventValue(device, "KEY") ?? "").split(" ").at(-1) ?? "";
		return /^[0-9a-f]{1,16}$/.test(last) && (BigInt(`0x${last}`) & KEYS_OF_A_KEYBOARD) === KEYS_OF_A_KEYBOARD;
	});
}

/** Network interfaces of hardware. */
export function listNetworkCards({ devices }: BootSide): readonly CapturedDevice[] {
	return [...devices.values()].filter(
		({ subsystem, devpath }) => subsystem === "net" && !devpath.startsWith("/devices/virtual/"),
	);
}

/** The drivers of the first of several devices that lacks none. When all lack one, what each lacks. */
export function listNeedsOfAny(
	judging: Judging,
	devices: readonly CapturedDevice[],
	asked: DriversFor,
): readonly BootNeed[] {
	const needs = devices.map(({ devpath }) => listDriverNeeds(judging, devpath, asked));
	return needs.find((one) => !one.some(isLacking)) ?? needs.flatMap((one) => one.filter(isLacking));
}
