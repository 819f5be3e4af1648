// A retry: a module that failed is tried once more for the devices that waited for its end. One retry is enough, since each
// insertion that is begun or joined from then on begins after these devices came up.
import type { Attempts } from "../decisions/attempts.js";
import type { Decision } from "../decisions/decider.js";
import type { Waiting } from "../decisions/waiting-devices.js";

export type Retry = Waiting & {
	readonly module: string;
	/** Whether a rival behind the module is still to come. Such rivals keep their order, and are planned with the module. */
	readonly isToCome: (rival: string) => boolean;
};

/**
 * The decisions that a retry plans: for each device that is still there, its decision from the retried module on. The modules of
 * these decisions no longer count as tried.
 */
export function takeUp({ module, decisions, devices, isToCome }: Retry, attempts: Attempts): readonly Decision[] {
	const present = new Set(devices.filter((device) => attempts.has(module, device)));
	const concerned = decisions
		.filter(({ device }) => present.has(device))
		.flatMap((decision) => fromModuleOn(decision, module, isToCome));
	for (const { device, matches } of concerned) for (const { found } of matches) attempts.forget(found.module, device);
	return concerned;
}

function fromModuleOn(decision: Decision, module: string, isToCome: Retry["isToCome"]): readonly Decision[] {
	const first = decision.matches.findIndex(({ found }) => found.module === module);
	if (first < 0) return [];
	const matches = decision.matches.slice(first).filter(({ found }, place) => place === 0 || isToCome(found.module));
	return [{ ...decision, matches }];
}
