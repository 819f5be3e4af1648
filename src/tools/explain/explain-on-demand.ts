// What is read of the machine only when it is asked for, each once: the kernel's log, the deferred probes, firmware, the names of
// hardware, and the indexes of other kernels. explain reads by these, and the dry run where a device is not bound.

import { readDeferredDevices } from "../../agent/explaining/deferred-devices.js";
import type { Facts } from "../../agent/explaining/facts.js";
import { planFirmwareSearch } from "../../agent/explaining/firmware.js";
import { judgeFirmware } from "../../agent/explaining/firmware-verdict.js";
import { namingHardware } from "../../agent/explaining/hardware-names.js";
import { listFindings } from "../../agent/explaining/kernel-log.js";
import { findInOtherKernels, type OtherKernels } from "../../agent/explaining/other-kernels.js";
import type { Kernel } from "../../libkmod/kernel/kernel.js";
import { once } from "../../libkmod/kernel/once.js";
import type { Inspection } from "../../ports/inspection.js";
import type { Machine } from "../../ports/machine.js";

export type OnDemand = Pick<Facts, "findings" | "deferred" | "judgeFirmware" | "nameOf" | "otherKernels">;

export function openOnDemand(kernel: Kernel, inspection: Inspection, where: Where): OnDemand {
	const { root, sysfs, release, isHere, captured, moduleDirectory, also } = where;
	const kernels = new Map<string, OtherKernels>();
	const search = once(() => planFirmwareSearch(kernel, { release, root, sysfs }));
	const nameOf = namingHardware(kernel, root);
	return {
		// The log of another machine's kernel would tell of other devices.
		findings: once(() => {
			const records = isHere ? inspection.kernelLog() : [];
			return "unreadable" in records ? records : listFindings(records);
		}),
		deferred: once(() => {
			if (captured?.lacks(DEFERRED_DEVICES)) return { unreadable: `the capture does not hold ${DEFERRED_DEVICES}` };
			return isHere ? readDeferredDevices(kernel, sysfs) : [];
		}),
		// A capture holds no firmware: which of the files that a module lists are there is not known.
		judgeFirmware: (question) =>
			judgeFirmware(kernel, search(), captured === undefined ? question : { ...question, names: [] }),
		otherKernels(alias) {
			const known =
				kernels.get(alias) ?? findInOtherKernels(kernel, { alias, moduleDirectory, root, also, host: captured?.host });
			kernels.set(alias, known);
			return known;
		},
		nameOf: ({ aliases }) => nameOf(aliases),
	};
}

const DEFERRED_DEVICES = "/sys/kernel/debug/devices_deferred";

export type Where = {
	readonly root: string;
	readonly sysfs: string;
	readonly release: string;
	readonly isHere: boolean;
	/** Set for a captured machine. */
	readonly captured?: Machine["captured"];
	readonly moduleDirectory: string;
	/** The directories that --also names. */
	readonly also: readonly string[];
};
