// Detects lost uevents. The socket's count of drops tells of a loss. A gap in the SEQNUMs is only a hint to read that count,
// since events of other network namespaces take numbers too. Pure, but for asking the socket.
import type { Uevent } from "./uevent.js";

/** State about the messages of one socket. */
export type Messages = {
	/**
	 * Number of messages lost so far, as the socket counts them. @throws when the count cannot be read, such as for want of a
	 * file descriptor
	 */
	drops(): number;
	/** Number of lost messages that were told already. */
	readonly dropped: number;
	/** The highest SEQNUM so far. */
	readonly seqnum: number | undefined;
};

export const noMessages: Messages = { drops: () => 0, dropped: 0, seqnum: undefined };

/** Returns the highest SEQNUM of the uevents before and of these. */
export function lastSeqnum(
	{ seqnum: before }: Pick<Messages, "seqnum">,
	uevents: readonly Uevent[],
): number | undefined {
	let last = before;
	for (const { seqnum } of uevents) if (seqnum !== undefined && (last === undefined || seqnum > last)) last = seqnum;
	return last;
}

/** Whether SEQNUMs are missing between these uevents and the ones before. */
export function hasGap({ seqnum: before }: Pick<Messages, "seqnum">, uevents: readonly Uevent[]): boolean {
	let last = before;
	for (const { seqnum } of uevents) {
		if (seqnum === undefined) continue;
		if (last !== undefined && seqnum > last + 1) return true;
		if (last === undefined || seqnum > last) last = seqnum;
	}
	return false;
}

/**
 * Returns the socket's count when it has grown. Returns undefined otherwise, and when the count cannot be read: the next check
 * reads it again.
 */
export function countDrops({ drops, dropped }: Messages): number | undefined {
	try {
		const count = drops();
		return count > dropped ? count : undefined;
	} catch {
		return undefined;
	}
}
