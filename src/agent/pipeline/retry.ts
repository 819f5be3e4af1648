// A retry: a module that did not come to life is tried once more for the devices that waited for that. Once, since whatever is begun
// or joined from then on is begun after they came up.
import type { Attempts } from "../decisions/attempts.js";
import type { Decision } from "../decisions/decider.js";
import type { Waiting } from "../decisions/waiting-devices.js";

export type Retry = Waiting & {
	readonly module: string;
	/** Whether a rival behind the module is still to come: those that are keep their order, and are planned with it. */
	readonly isToCome: (rival: string) => boolean;
};

/**
 * What a retry has planned: of the decisions for devices that are still there, the part from its module on. None of that counts as
 * tried any more.
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
