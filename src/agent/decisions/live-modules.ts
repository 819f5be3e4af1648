// The live modules as the kernel lists them.

import { listLiveNames } from "../../libkmod/formats/proc-modules.js";
import { bounds } from "../../libkmod/kernel/bounds.js";
import type { Kernel } from "../../libkmod/kernel/kernel.js";

/** Returns the names of the modules that /proc/modules lists as live. Empty when this kernel has no module support. */
export function listLive(kernel: Kernel): ReadonlySet<string> {
	const text = kernel.read("/proc/modules", bounds.loadedModules)?.toString("latin1") ?? "";
	return listLiveNames(text);
}

/** Returns those of the modules that are not live. Empty when the kernel has no list. */
export function listGone(kernel: Kernel, modules: readonly string[]): readonly string[] {
	const text = modules.length > 0 ? kernel.read("/proc/modules", bounds.loadedModules)?.toString("latin1") : undefined;
	if (text === undefined) return [];
	const live = listLiveNames(text);
	return modules.filter((module) => !live.has(module));
}
