// Isolates failures: when work for one device, rule, decision or reader of the reports throws, only that work is skipped and
// told; all else goes on.
import { asError } from "../../libkmod/kernel/errors.js";
import type { OnSkipped } from "../../ports/skipping.js";

export type Skipped = { readonly what: string; readonly error: Error };

/** A part that was skipped, since it could not be read or handled: all else goes on. */
export type SkippedRecord = {
	readonly kind: "skipped";
	/** The part, such as the path of a device or the place of a rule. */
	readonly what: string;
	readonly reason: string;
};

/** Returns the record for JSON lines. */
export function skippedRecord({ what, error }: Skipped): SkippedRecord {
	return { kind: "skipped", what, reason: error.message };
}

/** Returns the result of `work`. When `work` throws, the error is told and `otherwise` is returned. */
export function attempt<T>(what: string, onSkipped: OnSkipped, otherwise: T, work: () => T): T {
	try {
		return work();
	} catch (thrown) {
		onSkipped(what, asError(thrown));
		return otherwise;
	}
}
