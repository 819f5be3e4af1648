// Whether the firmware of a module is missing. Drivers list dozens of versions, of which one serves, so that a file that is not
// there says nothing by itself: firmware is missing where the kernel said so, or where a device has no driver and none of the
// files is there. Pure: files are looked up by the port.

import type { Files } from "../../libkmod/kernel/kernel.js";
import { type FirmwareSearch, findFirmware } from "./firmware.js";
import type { KernelFinding } from "./kernel-findings.js";

export type FirmwareVerdict =
	/** The kernel could not load these files, by its log, and no driver has bound the device. */
	| { readonly kind: "missing"; readonly by: "log"; readonly files: readonly RefusedFirmware[] }
	/**
	 * The device has no driver, and none of the listed files is there. `builtInKnown` is false where such a file might be built
	 * into the kernel, which tells nobody.
	 */
	| {
			readonly kind: "missing";
			readonly by: "files";
			readonly names: readonly string[];
			readonly builtInKnown: boolean;
	  }
	/** Of the listed files so many are there; the driver does without the others, or nobody knows whether it needs them. */
	| {
			readonly kind: "remark";
			readonly listed: number;
			readonly there: number;
			/** Files that the kernel could not load, although the driver has bound the device. */
			readonly refused: readonly RefusedFirmware[];
	  }
	/** The module lists no firmware, and the kernel's log names none. */
	| { readonly kind: "none" };

export type RefusedFirmware = {
	readonly name: string;
	/** 2 (ENOENT) when the file was not there. */
	readonly errno: number | undefined;
	/** Seconds since boot at which the kernel looked for it. */
	readonly seconds: number;
	/** The file is there now: it came after the driver had looked, and the module is to be loaded again. */
	readonly place: string | undefined;
};

export type FirmwareQuestion = {
	/** The names in modinfo's `firmware`. */
	readonly names: readonly string[];
	/** Findings of the kernel's log about the device, or about the module: those of other kinds than firmware are passed over. */
	readonly findings: readonly KernelFinding[];
	/** Whether a driver has bound the device, or any device that is asked about. */
	readonly isBound: boolean;
};

export function judgeFirmware(
	files: Pick<Files, "stamp" | "list">,
	search: FirmwareSearch,
	{ names, findings, isBound }: FirmwareQuestion,
): FirmwareVerdict {
	const refused = listRefused(files, search, findings);
	if (!isBound && refused.length > 0) return { kind: "missing", by: "log", files: refused };
	const listed = findFirmware(files, names, search);
	const there = listed.filter(({ place }) => place !== undefined).length;
	if (listed.length === 0 && refused.length === 0) return { kind: "none" };
	if (!isBound && there === 0) {
		const absent = listed.map(({ name }) => name);
		return { kind: "missing", by: "files", names: absent, builtInKnown: search.builtIn !== undefined };
	}
	return { kind: "remark", listed: listed.length, there, refused };
}

function listRefused(
	files: Pick<Files, "stamp" | "list">,
	search: FirmwareSearch,
	findings: readonly KernelFinding[],
): readonly RefusedFirmware[] {
	return findings.flatMap((finding) => {
		if (finding.kind !== "firmware") return [];
		const { file: name, errno, seconds } = finding;
		// A whole path is that of a file which was there, and could not be read.
		const place = name.startsWith("/") ? undefined : findFirmware(files, [name], search)[0]?.place;
		return [{ name, errno, seconds, place }];
	});
}
