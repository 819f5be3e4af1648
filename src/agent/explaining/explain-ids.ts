// Vendor and product ids, as in `8086:100e`: the devices of this machine that have them, and the modules that have a pattern for
// them. Pure.

import { listEntries } from "../../libkmod/formats/index-file.js";
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import type { PresentDevice } from "../../ports/devices.js";
import type { Ids } from "./subject.js";

/** The devices whose alias has these ids, on PCI or USB. */
export function listDevicesOf(ids: Ids, devices: readonly PresentDevice[]): readonly PresentDevice[] {
	const starts = startsOf(ids);
	return devices.filter(({ aliases }) => aliases.some((alias) => starts.some((start) => alias.startsWith(start))));
}

export type IdPattern = { readonly pattern: string; readonly module: string };

/** The patterns that name these ids, and not every device of a vendor or class. @throws {MalformedIndex} */
export function listPatternsOf(ids: Ids, { indexes, configuration }: Knowledge): readonly IdPattern[] {
	const starts = startsOf(ids);
	const found: IdPattern[] = [];
	const offer = (pattern: string, module: string): void => {
		if (starts.some((start) => pattern.startsWith(start))) found.push({ pattern, module });
	};
	for (const { pattern, module } of configuration.aliases) offer(pattern, module);
	for (const index of [indexes.aliases, indexes.builtinAliases])
		if (index !== undefined) for (const { key, value } of listEntries(index)) offer(key, value);
	return found;
}

/** PCI writes ids with eight digits, USB with four (Documentation of modules.alias: scripts/mod/file2alias.c). */
function startsOf({ vendor, product }: Ids): readonly string[] {
	const [v, p] = [vendor.toUpperCase(), product.toUpperCase()];
	return [`pci:v0000${v}d0000${p}`, `usb:v${v}p${p}`];
}
