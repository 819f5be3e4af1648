// Waiting until everything that has come up is handled: what lay in the socket when it was asked was heard, nothing is being
// looked at, nothing is in flight but what hangs, and where udev speaks first, udev has nothing left to say.
import type { Inserter } from "../libkmod/inserter.js";
import type { Files } from "../libkmod/kernel.js";
import type { SettleReply } from "./control.js";
import type { UeventSource } from "./devices.js";
import type { Pulse } from "./pulse.js";
import { UDEV_QUEUE } from "./udev-look.js";

export type SettleOptions = {
	readonly pulse: Pulse;
	readonly inserter: Pick<Inserter, "busy" | "running">;
	readonly files: Pick<Files, "read" | "stamp">;
	readonly source: UeventSource;
	/** Resolves a while later. */
	readonly pause: () => Promise<void>;
	/** Whether it has waited long enough. */
	readonly isOver: () => boolean;
};

const KERNEL_SEQNUM = "/sys/kernel/uevent_seqnum";

export async function settle(options: SettleOptions): Promise<SettleReply> {
	const { pulse, pause, isOver } = options;
	const target = readSeqnum(options.files);
	let quietSince: number | undefined;
	for (;;) {
		const left = listUnsettled(options, target);
		// Twice, with time between for what the last driver brought up to be heard of.
		if (left.length === 0 && quietSince === pulse.activity) return { settled: true, waiting_for: [] };
		quietSince = left.length === 0 ? pulse.activity : undefined;
		if (isOver()) return { settled: false, waiting_for: left.length > 0 ? left : ["a moment of quiet"] };
		await pause();
	}
}

function listUnsettled({ pulse, inserter, files, source }: SettleOptions, target: number): readonly string[] {
	const left: string[] = [];
	if (pulse.socket === undefined) left.push("the uevent socket");
	// Others may go on sending: what came later than the question is not waited for.
	else if (pulse.socket.waiting() > 0 && !((pulse.seqnum ?? -1) >= target)) left.push("uevents that wait to be read");
	if (pulse.isLooking()) left.push("a look at all devices");
	if (source === "udev" && files.stamp(UDEV_QUEUE) !== undefined) left.push("udev's queue");
	if (inserter.busy() > 0) {
		const running = inserter.running().filter(({ hung }) => !hung);
		left.push(...(running.length > 0 ? running.map(({ module }) => module) : ["modules that wait for their turn"]));
	}
	return left;
}

function readSeqnum(files: Pick<Files, "read">): number {
	const number = Number(files.read(KERNEL_SEQNUM)?.toString("latin1"));
	return Number.isSafeInteger(number) ? number : Number.POSITIVE_INFINITY;
}
