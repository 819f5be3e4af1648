// hear: the announcements of a uevent socket become events. A socket that fails is opened again. Uevents that were sent
// meanwhile, and uevents that the kernel or udev could not deliver, are told as missed.
import {
	catchError,
	connect,
	defer,
	filter,
	map,
	merge,
	mergeMap,
	type Observable,
	of,
	repeat,
	type SchedulerLike,
	scan,
	throttleTime,
	timer,
} from "rxjs";
import type { OnSkipped } from "../../ports/skipping.js";
import type { Announcement } from "../devices/devices.js";
import { countDrops, hasGap, lastSeqnum, type Messages, noMessages } from "../devices/losses.js";
import type { Uevent } from "../devices/uevent.js";
import { attempt } from "../faults/skipped.js";
import { isOfKind, type PipelineEvent } from "./events.js";

export type HearOptions = {
	/** The socket is bound when subscribing returns, and closed on unsubscribing. */
	readonly announced: Observable<Announcement>;
	readonly parse: (datagram: Buffer) => Uevent | undefined;
	/** Whether a gap in the SEQNUMs hints at a loss. */
	readonly inOrder: boolean;
	/** Emits when the kernel must be asked whether messages were lost. */
	readonly checks: Observable<unknown>;
	/** Milliseconds before another socket is opened, and between two reports of refused messages. */
	readonly pauseMilliseconds: number;
	readonly scheduler: SchedulerLike;
	readonly onSkipped: OnSkipped;
};

type Input = Announcement | { readonly kind: "failed"; readonly error: Error } | { readonly kind: "check" };

/** State kept from one announcement to the next, and the events that the last announcement becomes. */
type Hearing = {
	readonly messages: Messages;
	/** Whether the last socket has failed. */
	readonly failed: boolean;
	readonly events: readonly PipelineEvent[];
};

export function hear(options: HearOptions): Observable<PipelineEvent> {
	const { announced, checks, pauseMilliseconds, scheduler } = options;
	const sockets = defer(() => announced).pipe(
		catchError((error: Error) => of<Input>({ kind: "failed", error })),
		repeat({ delay: () => timer(pauseMilliseconds, scheduler) }),
	);
	return merge(sockets, checks.pipe(map((): Input => ({ kind: "check" })))).pipe(
		scan((hearing, input) => take(hearing, input, options), {
			messages: noMessages,
			failed: false,
			events: [],
		} as Hearing),
		mergeMap(({ events }) => events),
		tellRefusalsOncePer(pauseMilliseconds, scheduler),
	);
}

function take(hearing: Hearing, input: Input, options: HearOptions): Hearing {
	switch (input.kind) {
		case "listening": {
			const { receiveBuffer, drops, waiting } = input;
			const events: PipelineEvent[] = [
				{ kind: "opened", waiting },
				{ kind: "listening", receiveBuffer },
			];
			if (hearing.failed) events.unshift({ kind: "missed" });
			return { messages: { ...noMessages, drops }, failed: false, events };
		}
		case "failed":
			return { ...hearing, failed: true, events: [{ kind: "deaf", error: input.error }] };
		case "refused":
			return { ...hearing, events: [{ kind: "chatter" }, { kind: "refused", count: input.count }] };
		case "truncated":
			return { ...hearing, events: lost(input.count) };
		case "check":
			return check(hearing);
		case "drain":
			return takeDrain(hearing, input.datagrams, options);
	}
}

function takeDrain(
	hearing: Hearing,
	datagrams: readonly Buffer[],
	{ parse, inOrder, onSkipped }: HearOptions,
): Hearing {
	const uevents = datagrams
		.map((datagram) => attempt("a uevent", onSkipped, undefined, () => parse(datagram)))
		.filter((uevent) => uevent !== undefined);
	const seqnum = lastSeqnum(hearing.messages, uevents);
	const { messages, events } =
		inOrder && hasGap(hearing.messages, uevents) ? check(hearing) : { ...hearing, events: [] };
	return { ...hearing, messages: { ...messages, seqnum }, events: [...events, { kind: "heard", uevents, seqnum }] };
}

/** The socket's count of drops tells whether messages were lost. A gap in the SEQNUMs is only the hint to read the count. */
function check(hearing: Hearing): Hearing {
	const { messages } = hearing;
	const count = countDrops(messages);
	if (count === undefined) return { ...hearing, events: [] };
	return { ...hearing, messages: { ...messages, dropped: count }, events: lost(count) };
}

const lost = (drops: number): readonly PipelineEvent[] => [{ kind: "missed" }, { kind: "lost", drops }];

/** Throttles the reports of refused messages, since a sender of such messages can send many. */
function tellRefusalsOncePer(pauseMilliseconds: number, scheduler: SchedulerLike) {
	return connect((events: Observable<PipelineEvent>) =>
		merge(
			events.pipe(filter(({ kind }) => kind !== "refused")),
			events.pipe(
				filter(isOfKind("refused")),
				throttleTime(pauseMilliseconds, scheduler, { leading: true, trailing: true }),
			),
		),
	);
}
