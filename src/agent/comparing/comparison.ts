// The comparison of two sides: what becomes of each device from A to B, and of each module of their plans. Pure.

import type { OnSkipped } from "../../ports/skipping.js";
import type { Both } from "./answers.js";
import { compareDevices, type DevicesCompared } from "./device-changes.js";
import { comparePlans, type PlansCompared } from "./plan-changes.js";
import { planSide, type SidePlan, withLoaded } from "./side-plan.js";
import { answerAll, modulesOf, type Side } from "./sides.js";

export type SidesCompared = DevicesCompared & PlansCompared;

/** @param onSkipped called for a device or a rule that throws. When undefined, both throw */
export function compareSides({ a, b }: Both<Side>, onSkipped?: OnSkipped): SidesCompared {
	const plans = { a: planSide(a, onSkipped), b: planSide(b, onSkipped) };
	const kernels = { a: modulesOf(a), b: modulesOf(b) };
	// What the plan has skipped has been told.
	const again = onSkipped === undefined ? undefined : () => undefined;
	const answer = (side: Side, plan: SidePlan) => answerAll(side, again).map((device) => withLoaded(device, plan));
	const compared = compareDevices(answer(a, plans.a), answer(b, plans.b), kernels);
	return { ...compared, ...comparePlans({ a, b }, plans, compared.changes) };
}
