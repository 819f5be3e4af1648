// Predicts from a module file and the kernel's files that the kernel would refuse the module, before anybody tries.
import { isThere } from "../kernel/presence.js";
import type { Evidence } from "./evidence.js";
import { type KernelState, watchKernelState } from "./kernel-state.js";
import { readModuleFacts } from "./module-facts.js";
import { type EvidenceMachine, findOtherKernel, type RefusedModule } from "./refusal-evidence.js";

/**
 * The first cause, in the kernel's order, for which the running kernel would refuse the module whoever inserts it. Undefined when
 * none is known. The rights of this process do not count: they say nothing of another one. Whether the kernel trusts the key of a
 * signature cannot be known. A module with `hasVersions` that was built for another kernel may still be taken (see Evidence).
 * Rejects with unexpected errors alone.
 */
export async function predictRefusal(
	machine: EvidenceMachine,
	{ module, path }: Pick<RefusedModule, "module" | "path">,
	state: KernelState = watchKernelState(machine),
): Promise<Evidence | undefined> {
	if (!isThere(machine, path)) return { kind: "no file", path };
	if (state.modulesDisabled()) return { kind: "modules disabled" };
	const facts = await readModuleFacts(machine, path);
	if (facts !== undefined && facts.signature === undefined) {
		if (state.enforcesSignatures()) return { kind: "unsigned", isEnforced: true };
		const mode = state.lockdown();
		if (mode !== undefined) return { kind: "lockdown", mode, isSigned: false };
	}
	if (state.kernelBlacklist().includes(module)) return { kind: "module_blacklist" };
	return facts && findOtherKernel(facts, { machine });
}
