// Whether uevents were lost: the socket's count of drops says so; a gap in their numbers is only the hint to ask it, since
// events of other network namespaces take numbers too. Pure, but for asking the socket.
import type { Uevent } from "./uevent.js";

/** What is known of the messages of one socket. */
export type Messages = {
	/** How many were lost so far, as the socket counts them. @throws where no descriptor is left to read it with, say */
	drops(): number;
	/** How many of these are known of. */
	readonly dropped: number;
	/** The highest number noticed. */
	readonly seqnum: number | undefined;
};

export const noMessages: Messages = { drops: () => 0, dropped: 0, seqnum: undefined };

/** The highest number of those noticed before and of these uevents. */
export function lastSeqnum(
	{ seqnum: before }: Pick<Messages, "seqnum">,
	uevents: readonly Uevent[],
): number | undefined {
	let last = before;
	for (const { seqnum } of uevents) if (seqnum !== undefined && (last === undefined || seqnum > last)) last = seqnum;
	return last;
}

/** Whether numbers are missing between these uevents and those before them. */
export function hasGap({ seqnum: before }: Pick<Messages, "seqnum">, uevents: readonly Uevent[]): boolean {
	let last = before;
	for (const { seqnum } of uevents) {
		if (seqnum === undefined) continue;
		if (last !== undefined && seqnum > last + 1) return true;
		if (last === undefined || seqnum > last) last = seqnum;
	}
	return false;
}

/** The socket's count, where it has grown beyond what is known of; undefined too where it cannot be read now: the next check tells. */
export function countDrops({ drops, dropped }: Messages): number | undefined {
	try {
		const count = drops();
		return count > dropped ? count : undefined;
	} catch {
		return undefined;
	}
}
