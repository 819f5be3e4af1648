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

type Numbers = Pick<Messages, "seqnum">;

/** Returns the highest SEQNUM of the uevents before and of these. */
export const lastSeqnum = (before: Numbers, uevents: readonly Uevent[]): number | undefined =>
	followSeqnums(before, uevents).last;

/** Whether SEQNUMs are missing between these uevents and the ones before. */
export const hasGap = (before: Numbers, uevents: readonly Uevent[]): boolean => followSeqnums(before, uevents).gap;

function followSeqnums({ seqnum: before }: Numbers, uevents: readonly Uevent[]) {
	let last = before;
	let gap = false;
	for (const { seqnum } of uevents) {
		if (seqnum === undefined) continue;
		if (last !== undefined && seqnum > last + 1) gap = true;
		if (last === undefined || seqnum > last) last = seqnum;
	}
	return { last, gap };
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
