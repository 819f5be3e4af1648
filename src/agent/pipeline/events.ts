// What flows through the pipeline: the reports that everybody may read, and what only its own operators tell one another.
import type { PresentDevice } from "../../ports/devices.js";
import type { Decision } from "../decisions/decider.js";
import type { Report } from "../telling/report.js";
import type { Asker, Asking } from "./asker.js";

export type PipelineEvent =
	| Report
	/** A socket is bound. */
	| { readonly kind: "opened"; waiting(): number }
	/** Something came that no device brought: the messages of others may have filled the receive buffer. */
	| { readonly kind: "chatter" }
	/** Devices may have been missed. */
	| { readonly kind: "missed" }
	/** A look at all devices begins. */
	| { readonly kind: "looking" }
	/** Devices that a look has found. */
	| { readonly kind: "found"; readonly devices: readonly PresentDevice[] }
	/** What is known has changed. */
	| { readonly kind: "renewed" }
	/** Somebody asks for an alias. */
	| { readonly kind: "asked"; readonly request: AliasRequest }
	/** What is wanted for the devices of a drain or a slice, or for whoever asks. */
	| { readonly kind: "decided"; readonly decisions: readonly Decision[]; readonly asking?: Asking }
	/** Nothing has come up or ended for the quiet time. */
	| { readonly kind: "quiet" }
	/** The same, and nothing is to be done. */
	| { readonly kind: "idle" };

export type AliasRequest = Asker & {
	readonly alias: string;
	/** Must not wait for a place: the kernel asks, maybe for a module that has one. */
	readonly beyondBound: boolean;
	/** What the alias asks for, before anything is done for it. */
	onDecided(decisions: readonly Decision[]): void;
};

const internal: ReadonlySet<string> = new Set<Exclude<PipelineEvent, Report>["kind"]>([
	...(["opened", "chatter", "missed", "looking", "found", "renewed", "asked", "decided", "quiet", "idle"] as const),
]);

export function isReport(event: PipelineEvent): event is Report {
	return !internal.has(event.kind);
}

/** Those of one kind. */
export function isOfKind<Kind extends PipelineEvent["kind"]>(kind: Kind) {
	return (event: PipelineEvent): event is Extract<PipelineEvent, { readonly kind: Kind }> => event.kind === kind;
}
