// decide: arrivals, devices that a look has found, and requests become decisions, by the knowledge and policy of that moment.
import { defer, mergeMap, type Observable, scan } from "rxjs";
import type { PresentDevice } from "../../ports/devices.js";
import type { OnSkipped } from "../../ports/skipping.js";
import type { Decider, Decision } from "../decisions/decider.js";
import { makeUnmatchedDevices, type UnmatchedDevices } from "../decisions/unmatched-devices.js";
import type { Uevent } from "../devices/uevent.js";
import { attempt } from "../faults/skipped.js";
import type { AliasRequest, PipelineEvent } from "./events.js";

export type DecideOptions = {
	/** Returns a decider for the current knowledge and policy. Called again when either has changed. */
	readonly decider: () => Decider;
	/** Whether a rule asks for modules beside the device's own aliases, whatever the action of the uevent. */
	readonly asksForMore: (uevent: Uevent) => boolean;
	readonly onSkipped: OnSkipped;
};

/** The current decider, and the events that the last input becomes. */
type Deciding = { readonly decider: Decider; readonly events: readonly PipelineEvent[] };

export function decide(options: DecideOptions) {
	const { decider, asksForMore, onSkipped } = options;
	return (source: Observable<PipelineEvent>): Observable<PipelineEvent> =>
		defer(() => {
			/** Devices without a match: new indexes may have one. */
			const unmatched = makeUnmatchedDevices();
			const take = (before: Deciding, event: PipelineEvent): Deciding => {
				switch (event.kind) {
					case "heard": {
						for (const { action, devpath } of event.uevents) if (action === "remove") unmatched.forget(devpath);
						const arrived = event.uevents.filter((uevent) => isToBeDecided(uevent, asksForMore, onSkipped));
						return { ...before, events: [event, ...decideAll(before.decider, arrived, unmatched, onSkipped)] };
					}
					case "found":
						return { ...before, events: decideAll(before.decider, event.devices, unmatched, onSkipped) };
					case "renewed": {
						const anew = attempt("the reloaded indexes and configuration", onSkipped, before.decider, decider);
						return { decider: anew, events: decideAll(anew, unmatched.takeAll(), unmatched, onSkipped) };
					}
					case "asked":
						return { ...before, events: [decideRequest(before.decider, event.request, onSkipped)] };
					default:
						return { ...before, events: [event] };
				}
			};
			return source.pipe(
				scan(take, { decider: decider(), events: [] } as Deciding),
				mergeMap(({ events }) => events),
			);
		});
}

/** All actions but "add" load nothing by themselves. */
export function isArrival({ action }: Uevent): boolean {
	return action === "add";
}

function isToBeDecided(uevent: Uevent, asksForMore: (uevent: Uevent) => boolean, onSkipped: OnSkipped): boolean {
	if (isArrival(uevent) && uevent.aliases.length > 0) return true;
	return attempt(uevent.devpath, onSkipped, false, () => asksForMore(uevent));
}

function decideAll(
	decider: Decider,
	devices: readonly PresentDevice[],
	unmatched: UnmatchedDevices,
	onSkipped: OnSkipped,
): readonly PipelineEvent[] {
	if (devices.length === 0) return [];
	const decisions = devices.flatMap((device) => {
		const own = decideOne(decider, device, onSkipped);
		unmatched.note(device, own);
		return own;
	});
	return [{ kind: "decided", decisions }];
}

function decideOne(decider: Decider, device: PresentDevice, onSkipped: OnSkipped): readonly Decision[] {
	return attempt(device.devpath || "a request", onSkipped, [], () => decider(device));
}

function decideRequest(decider: Decider, request: AliasRequest, onSkipped: OnSkipped): PipelineEvent {
	const { alias, beyondBound } = request;
	const decisions = decideOne(decider, { devpath: "", aliases: [alias] }, onSkipped);
	request.onDecided(decisions);
	return { kind: "decided", decisions, asking: { beyondBound, asker: request } };
}
