// The aliases of a captured device as one string, by which what is known of the same aliases is found again. Pure.

import { makeWalkedDevice } from "../../libkmod/formats/walked-device.js";
import type { CapturedDevice } from "../capture/capture.js";

/** Stands between two aliases: no alias has one. */
const BETWEEN = "\0";
const PROPERTY = "MODALIAS=";

/** The device's aliases, each once, in order. "" when the device has none. */
export function aliasKey({ devpath, modalias, uevent }: CapturedDevice): string {
	if (isRepeated(modalias, uevent)) return modalias;
	const options = { everything: false, readSubsystem: () => "" };
	return keyOfAliases(makeWalkedDevice(devpath, { modalias, uevent }, options)?.aliases ?? []);
}

export const keyOfAliases = (aliases: readonly string[]): string => aliases.join(BETWEEN);

/** The aliases of a key. */
export const aliasesOf = (key: string): readonly string[] => (key === "" ? [] : key.split(BETWEEN));

/** Whether the attribute has one alias, and the uevent none or the same: so it is with nearly every device. */
function isRepeated(modalias: string | undefined, uevent: string | undefined): modalias is string {
	if (modalias === undefined || modalias === "" || modalias.includes("\n")) return false;
	const found = uevent?.indexOf(PROPERTY) ?? -1;
	if (uevent === undefined || found < 0) return true;
	const start = found + PROPERTY.length;
	const end = start + modalias.length;
	return (
		(found === 0 || uevent[found - 1] === "\n") &&
		uevent.startsWith(modalias, start) &&
		(end === uevent.length || uevent[end] === "\n") &&
		uevent.indexOf(PROPERTY, end) < 0
	);
}
