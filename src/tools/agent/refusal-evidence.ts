// The search for evidence, as the pipeline is given it. The code that searches is loaded at the first refusal.
import type { FindEvidence, OpenEvidence } from "../../agent/pipeline/outcome-evidence.js";
import type { EvidenceMachine } from "../../libkmod/evidence/refusal-evidence.js";
import type { Machine } from "../../ports/machine.js";

/**
 * @param modules the kernel with the files of the machine that the options name, whose modules are inserted
 * @param machine this machine, whose kernel refuses: its /proc and /sys count, whatever machine is named
 */
export function searchEvidence(modules: EvidenceMachine, machine: Pick<Machine, "kernel">): OpenEvidence {
	return () => {
		let round: Promise<FindEvidence> | undefined;
		return async (module, refusal) => {
			round ??= beginRound(modules, machine);
			return (await round)(module, refusal);
		};
	};
}

/** What the kernel shows is read once for a round. */
async function beginRound(modules: EvidenceMachine, machine: Pick<Machine, "kernel">): Promise<FindEvidence> {
	const { findEvidence } = await import("../../libkmod/evidence/refusal-evidence.js");
	const { watchKernelState } = await import("../../libkmod/evidence/kernel-state.js");
	const state = watchKernelState(await machine.kernel());
	return (module, refusal) => findEvidence(modules, module, refusal, state);
}
