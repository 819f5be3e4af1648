// Events of the pipeline: the reports that every subscriber may read, and the events that its operators send one another.
import type { PresentDevice } from "../../ports/devices.js";
import type { Decision } from "../decisions/decider.js";
import type { Report } from "../telling/report.js";
import type { Asker, Asking } from "./asker.js";

export type PipelineEvent =
	| Report
	/** A socket is bound. */
	| { readonly kind: "opened"; waiting(): number }
	/** A message arrived that no device caused: messages of other senders may have filled the receive buffer. */
	| { readonly kind: "chatter" }
	/** Devices may have been missed. */
	| { readonly kind: "missed" }
	/** A look at all devices begins. */
	| { readonly kind: "looking" }
	/** Devices that a look has found. */
	| { readonly kind: "found"; readonly devices: readonly PresentDevice[] }
	/** The knowledge or policy has changed. */
	| { readonly kind: "renewed" }
	/** A client requests an alias. */
	| { readonly kind: "asked"; readonly request: AliasRequest }
	/** Decisions for the devices of one drain or slice, or for an asker. */
	| { readonly kind: "decided"; readonly decisions: readonly Decision[]; readonly asking?: Asking }
	/** No device came up and no insertion ended for the quiet time. */
	| { readonly kind: "quiet" }
	/** As "quiet", and no work is left. */
	| { readonly kind: "idle" };

export type AliasRequest = Asker & {
	readonly alias: string;
	/** Whether the request must not wait for a permit: the kernel asks, maybe for a module that holds one. */
	readonly beyondBound: boolean;
	/** Called with the decisions for the alias, before any of them is carried out. */
	onDecided(decisions: readonly Decision[]): void;
};

const internal: ReadonlySet<string> = new Set<Exclude<PipelineEvent, Report>["kind"]>([
	...(["opened", "chatter", "missed", "looking", "found", "renewed", "asked", "decided", "quiet", "idle"] as const),
]);

export function isReport(event: PipelineEvent): event is Report {
	return !internal.has(event.kind);
}

/** Makes a type guard for events of one kind. */
export function isOfKind<Kind extends PipelineEvent["kind"]>(kind: Kind) {
	return (event: PipelineEvent): event is Extract<PipelineEvent, { readonly kind: Kind }> => event.kind === kind;
}
