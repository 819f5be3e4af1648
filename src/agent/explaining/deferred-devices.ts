// The devices whose probe the kernel has put off, by debugfs: /sys/kernel/debug/devices_deferred, lines "NAME\tREASON"
// (drivers/base/dd.c). Pure: the file is read by the port.

import { bounds } from "../../libkmod/kernel/bounds.js";
import { type Files, Refusal } from "../../libkmod/kernel/kernel.js";
import { trimBlanks } from "../../libkmod/text/byte-strings.js";
import type { Unreadable } from "../../ports/inspection.js";

/** A device whose probe is put off. The strings may hold any byte. */
export type DeferredDevice = {
	/** The last name of the device's path. */
	readonly device: string;
	/** The kernel's or the driver's words. Undefined when there are none: older kernels give no reasons. */
	readonly reason: string | undefined;
	/** The supplier that the kernel waits for: a device's name, or the path of what firmware describes. */
	readonly supplier: string | undefined;
};

const LONGEST_WORD = 300;

/**
 * Reads the list. What cannot be known is a sentence for people, which also says what can be done.
 * @param sysfs its path, the root directory of another machine included
 */
export function readDeferredDevices(
	files: Pick<Files, "read">,
	sysfs = "/sys",
): readonly DeferredDevice[] | Unreadable {
	const path = `${sysfs}/kernel/debug/devices_deferred`;
	try {
		const content = files.read(path, bounds.small);
		return content === undefined
			? { unreadable: explainAbsence(path) }
			: parseDeferredDevices(content.toString("latin1"));
	} catch (error) {
		if (error instanceof Refusal) return { unreadable: explainRefused(path, error) };
		throw error;
	}
}

const UNKNOWN = "which devices wait, and for what, is known only from waiting_for_supplier and the links to suppliers";

function explainAbsence(path: string): string {
	const debugfs = path.slice(0, path.lastIndexOf("/"));
	return `${path} is not there: ${UNKNOWN} (debugfs is not mounted: mount -t debugfs debugfs ${debugfs})`;
}

function explainRefused(path: string, { code, why }: Refusal): string {
	if (code === "EACCES" || code === "EPERM")
		return `${path} may not be read by this user (${code}): ${UNKNOWN}; ask again as root`;
	return `${path} cannot be read (${why}): ${UNKNOWN}`;
}

export function parseDeferredDevices(text: string): readonly DeferredDevice[] {
	const found: { device: string; reason: string }[] = [];
	const hasReasons = text.includes("\t");
	for (const line of text.split("\n")) {
		const tab = line.indexOf("\t");
		const last = found.at(-1);
		// A driver's reason may have several lines.
		if (tab < 0 && hasReasons && last !== undefined) last.reason = `${last.reason} ${line}`.slice(0, LONGEST_WORD);
		else if (line !== "" && tab !== 0)
			found.push({
				device: line.slice(0, tab < 0 ? undefined : tab).slice(0, LONGEST_WORD),
				reason: tab < 0 ? "" : line.slice(tab + 1).slice(0, LONGEST_WORD),
			});
	}
	return found.map(({ device, reason }) => {
		const words = trimBlanks(reason);
		return { device, reason: words === "" ? undefined : words, supplier: supplierIn(words) };
	});
}

/** The supplier that a reason names: in the words of drivers/base/core.c, or undefined where a driver says something else. */
export function supplierIn(reason: string): string | undefined {
	const [, awaited, unready] = /(?:^|: )(?:wait for supplier (\S+)|supplier (\S+) not ready)/.exec(reason) ?? [];
	return awaited ?? unready;
}
