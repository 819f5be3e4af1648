// decide: what came up, what a look has found and what somebody asks for becomes decisions, by what is known and wanted then.
import { defer, mergeMap, type Observable, scan } from "rxjs";
import type { PresentDevice } from "../../ports/devices.js";
import type { OnSkipped } from "../../ports/skipping.js";
import type { Decider, Decision } from "../decisions/decider.js";
import { makeUnmatchedDevices, type UnmatchedDevices } from "../decisions/unmatched-devices.js";
import type { Uevent } from "../devices/uevent.js";
import { attempt } from "../faults/skipped.js";
import type { AliasRequest, PipelineEvent } from "./events.js";

export type DecideOptions = {
	/** Decides by what is known now; asked for again whenever that has changed. */
	readonly decider: () => Decider;
	/** Whether something else than its aliases asks for modules, whatever has happened to a device. */
	readonly asksForMore: (uevent: Uevent) => boolean;
	readonly onSkipped: OnSkipped;
};

/** By which decisions are taken now, and what the last event becomes. */
type Deciding = { readonly decider: Decider; readonly events: readonly PipelineEvent[] };

export function decide(options: DecideOptions) {
	const { decider, asksForMore, onSkipped } = options;
	return (source: Observable<PipelineEvent>): Observable<PipelineEvent> =>
		defer(() => {
			/** They may match something when the indexes are written anew. */
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
						const anew = attempt("what was read anew", onSkipped, before.decider, decider);
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

/** All other actions load nothing by themselves. */
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
