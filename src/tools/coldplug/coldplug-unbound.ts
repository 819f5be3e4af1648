// Reads why devices are not bound whose modules are loaded: the kernel's log, the deferred probes, and the firmware that the modules
// list. Loaded, and read, only where there is such a device.

import type { DeviceRow } from "../../agent/telling/device-rows.js";
import { tellUnbound, type UnboundRows } from "../../agent/telling/unbound-causes.js";
import type { UnboundDevice } from "../../agent/telling/unbound-devices.js";
import type { Kernel, ModuleFiles } from "../../libkmod/kernel/kernel.js";
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import type { Inspection } from "../../ports/inspection.js";
import type { Machine } from "../../ports/machine.js";
import { findModuleFile, listFirmwareOf } from "../explain/explain-files.js";
import { openOnDemand } from "../explain/explain-on-demand.js";

export type UnboundSources = {
	readonly kernel: Kernel & ModuleFiles;
	readonly knowledge: Knowledge;
	readonly inspection: Inspection;
	readonly root: string;
	readonly sysfs: string;
	/** Whether these are the devices of the running machine: of another one neither log nor debugfs counts. */
	readonly isHere: boolean;
	/** Set for a captured machine. */
	readonly captured?: Machine["captured"];
};

export async function lookIntoUnbound(
	rows: readonly DeviceRow[],
	found: readonly UnboundDevice[],
	{ kernel, knowledge, inspection, ...where }: UnboundSources,
): Promise<UnboundRows> {
	const { moduleDirectory } = knowledge;
	const asked = openOnDemand(kernel, inspection, { ...where, release: kernel.release, moduleDirectory, also: [] });
	const modules = new Map<string, { readonly firmware: readonly string[] }>();
	for (const { module, state } of found.flatMap((one) => one.modules)) {
		const path = state === "loaded" && !modules.has(module) ? findModuleFile({ knowledge }, module) : undefined;
		if (path !== undefined) modules.set(module, { firmware: await listFirmwareOf(kernel, path) });
	}
	const devices = rows.map(({ devpath, aliases }) => ({ devpath, aliases }));
	return tellUnbound(rows, found, { ...asked, inspection, modules, devices, decisions: new Map() });
}
