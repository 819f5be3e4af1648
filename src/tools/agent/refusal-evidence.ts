// The search for evidence, as the pipeline is given it. The code that searches is loaded at the first refusal.
import type { FindEvidence, OpenEvidence } from "../../agent/pipeline/outcome-evidence.js";
import type { EvidenceMachine } from "../../libkmod/evidence/refusal-evidence.js";

/** @param machine the kernel that refuses, with its files */
export function searchEvidence(machine: EvidenceMachine): OpenEvidence {
	return () => {
		let round: Promise<FindEvidence> | undefined;
		return async (module, refusal) => {
			round ??= beginRound(machine);
			return (await round)(module, refusal);
		};
	};
}

/** What the kernel shows is read once for a round. */
async function beginRound(machine: EvidenceMachine): Promise<FindEvidence> {
	const { findEvidence } = await import("../../libkmod/evidence/refusal-evidence.js");
	const { watchKernelState } = await import("../../libkmod/evidence/kernel-state.js");
	const state = watchKernelState(machine);
	return (module, refusal) => findEvidence(machine, module, refusal, state);
}
