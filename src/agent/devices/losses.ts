// Whether uevents were lost: the socket's count of drops says so; a gap in their numbers is only the hint to ask it, since
// events of other network namespaces take numbers too.
import type { Uevent } from "./uevent.js";

export type Losses = {
	/** A new socket, whose count begins at 0. */
	countedBy(drops: () => number): void;
	/** Whether numbers are missing between these uevents and those before them. */
	noticeGap(uevents: readonly Uevent[]): boolean;
	/** The highest number noticed since the socket was opened. */
	lastSeqnum(): number | undefined;
	/** The count, where it has grown since it was last asked for. */
	check(): number | undefined;
};

export function makeLosses(): Losses {
	let drops: () => number = () => 0;
	let known = 0;
	let last: number | undefined;
	return {
		countedBy(counter) {
			drops = counter;
			known = 0;
			last = undefined;
		},
		noticeGap(uevents) {
			let gap = false;
			for (const { seqnum } of uevents) {
				if (seqnum === undefined) continue;
				if (last !== undefined && seqnum > last + 1) gap = true;
				if (last === undefined || seqnum > last) last = seqnum;
			}
			return gap;
		},
		lastSeqnum: () => last,
		check() {
			let count: number;
			try {
				count = drops();
			} catch {
				// No descriptor was left to read it with, say: the next check tells.
				return undefined;
			}
			if (count <= known) return undefined;
			known = count;
			return count;
		},
	};
}
