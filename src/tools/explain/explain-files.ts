// What explain reads of module files: the firmware that they list, and why the kernel refuses them or would.

import type { FileFacts, Situated } from "../../agent/explaining/facts.js";
import type { Evidence } from "../../libkmod/evidence/evidence.js";
import type { KernelState } from "../../libkmod/evidence/kernel-state.js";
import type { EvidenceMachine } from "../../libkmod/evidence/refusal-evidence.js";
import { MalformedIndex } from "../../libkmod/formats/index-file.js";
import type { ModuleFiles } from "../../libkmod/kernel/kernel.js";
import { moduleFileIn } from "../../libkmod/kernel/other-root.js";
import { isThere } from "../../libkmod/kernel/presence.js";

/**
 * Reads the files of the modules that may not come to work: of those that are not live, and of those that have bound no device.
 * @param isHere whether the kernel that would take the modules is the running one
 */
export async function readModules(
	kernel: EvidenceMachine,
	facts: Situated,
	modules: Iterable<string>,
	isHere: boolean,
): Promise<ReadonlyMap<string, FileFacts>> {
	const read = new Map<string, FileFacts>();
	for (const module of modules) {
		const path = findModuleFile(facts, module);
		if (path === undefined || isAtWork(facts, module) || !isThere(kernel, path)) continue;
		const firmware = await listFirmwareOf(kernel, path);
		const isLive = facts.live?.has(module) === true;
		const refusals = isLive ? {} : await findRefusals(kernel, facts, { module, path }, isHere);
		read.set(module, { firmware, ...refusals });
	}
	return read;
}

/** The names of the firmware files that the module of a file lists. None when it cannot be read. */
export async function listFirmwareOf(machine: ModuleFiles, path: string): Promise<readonly string[]> {
	const { readModuleFacts } = await import("../../libkmod/evidence/module-facts.js");
	const file = await readModuleFacts(machine, path);
	return (file?.info ?? []).flatMap(({ key, value }) => (key === "firmware" ? [value] : []));
}

function isAtWork({ live, inspection }: Situated, module: string): boolean {
	return live?.has(module) === true && inspection?.driversOf(module).some(({ devices }) => devices.length > 0) === true;
}

/** The path of a module's file. Undefined where modules.dep has none, or is damaged. */
export function findModuleFile({ knowledge }: Pick<Situated, "knowledge">, module: string): string | undefined {
	try {
		const file = knowledge.file(module);
		return file && moduleFileIn(knowledge, file.path);
	} catch (error) {
		// The explanation itself says that the index is damaged.
		if (error instanceof MalformedIndex) return undefined;
		throw error;
	}
}

async function findRefusals(
	kernel: EvidenceMachine,
	{ answers, release, plan, knowledge }: Situated,
	file: { readonly module: string; readonly path: string },
	isHere: boolean,
): Promise<Pick<FileFacts, "predicted" | "evidence">> {
	const { predictRefusal } = await import("../../libkmod/evidence/predicted-refusal.js");
	const { findEvidence } = await import("../../libkmod/evidence/refusal-evidence.js");
	const { watchKernelState } = await import("../../libkmod/evidence/kernel-state.js");
	const asked = { ...kernel, release };
	const state = isHere ? watchKernelState(kernel) : lenientKernel;
	const errno = answers.get(file.module)?.errno;
	const refusal = { operation: "insert", code: errno ?? "", reason: undefined };
	// What the insertion had for parameters, as far as the options lines are still those of then.
	const parameters = plan.get(file.module)?.parameters ?? knowledge.options(file.module);
	const evidence: Evidence | undefined =
		errno === undefined ? undefined : await findEvidence(asked, { ...file, parameters }, refusal, state);
	return { predicted: await predictRefusal(asked, file, state), evidence };
}

/** Another machine's kernel, of whose rules nothing is known. */
const lenientKernel: KernelState = {
	kernelBlacklist: () => [],
	modulesDisabled: () => false,
	lacksCapability: () => false,
	lockdown: () => undefined,
	enforcesSignatures: () => false,
	symbols: () => undefined,
};
