// The live modules as the kernel lists them.
import { listLiveNames } from "../libkmod/formats/proc-modules.js";
import type { Kernel } from "../libkmod/kernel.js";

/** Names of the modules that /proc/modules calls live; none where this kernel has no modules. */
export function listLive(kernel: Kernel): ReadonlySet<string> {
	const text = kernel.read("/proc/modules")?.toString("latin1") ?? "";
	return listLiveNames(text);
}
