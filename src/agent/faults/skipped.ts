// One failure costs one thing: what was to be done for one device, rule or decision, or by one reader of the reports, and threw,
// is passed over and told; everything else goes on.
import type { OnSkipped } from "../../ports/skipping.js";

export type Skipped = { readonly what: string; readonly error: Error };

/** For JSON lines. */
export function skippedRecord({ what, error }: Skipped): object {
	return { kind: "skipped", what, reason: error.message };
}

export function asError(thrown: unknown): Error {
	return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** What `work` gives, or where it throws, `otherwise`. */
export function attempt<T>(what: string, onSkipped: OnSkipped, otherwise: T, work: () => T): T {
	try {
		return work();
	} catch (thrown) {
		onSkipped(what, asError(thrown));
		return otherwise;
	}
}
