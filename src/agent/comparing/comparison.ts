// The comparison of two sides: what becomes of each device from A to B, and of each module of their plans. Pure.

import type { OnSkipped } from "../../ports/skipping.js";
import type { Both } from "./answers.js";
import { compareDevices, type DevicesCompared } from "./device-changes.js";
import { comparePlans, type PlansCompared } from "./plan-changes.js";
import { answerAll, modulesOf, type Side } from "./sides.js";

export type SidesCompared = DevicesCompared & PlansCompared;

/** @param onSkipped called for a device or a rule that throws. When undefined, both throw */
export function compareSides(sides: Both<Side>, onSkipped?: OnSkipped): SidesCompared {
	const { a, b } = sides;
	const kernels = { a: modulesOf(a), b: modulesOf(b) };
	const compared = compareDevices(answerAll(a, onSkipped), answerAll(b, onSkipped), kernels);
	// What was skipped has been told.
	const again = onSkipped === undefined ? undefined : () => undefined;
	return { ...compared, ...comparePlans(sides, compared.changes, again) };
}
