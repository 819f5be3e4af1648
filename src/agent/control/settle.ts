// Waiting until everything that has come up is handled: what lay in the socket when it was asked was heard, what was lost is
// looked for, nothing is being looked at, nothing is in flight but what hangs, policy's commands have ended, and where udev
// speaks first, udev has nothing left to say. What rests is not waited for: it has just failed, and may rest for a minute.

import { formatSource } from "../../libkmod/formats/modprobe-config.js";
import type { Inserter } from "../../libkmod/insertion/inserter.js";
import type { Files } from "../../libkmod/kernel/kernel.js";
import { isThere } from "../../libkmod/kernel/presence.js";
import type { UeventSource } from "../../ports/uevents.js";
import type { Command, CommandPool } from "../commands/command-pool.js";
import { UDEV_QUEUE } from "../devices/udev-walk.js";
import { isUnderWay, type Progress } from "../pipeline/progress.js";
import type { SettleReply } from "./protocol.js";
import type { Askers } from "./waiting-clients.js";

export type SettleOptions = {
	/** How far the pipeline has got by now. */
	readonly progress: () => Progress;
	/** Has the kernel asked whether uevents were lost: a look is due then. */
	readonly checkLosses: () => void;
	readonly inserter: Pick<Inserter, "busy" | "running">;
	readonly commands: Pick<CommandPool, "latest" | "unfinished">;
	readonly files: Pick<Files, "read" | "stamp">;
	readonly source: UeventSource;
	readonly isReloading: () => boolean;
	/** The processes of a module's install command. */
	readonly pidsOf: (module: string) => readonly number[];
	readonly askers: Pick<Askers, "areAsking">;
	/** Of whoever asks, who is one of the askers. */
	readonly lineage: readonly number[];
	/**
	 * Resolves when something may have changed, a moment later at least.
	 * @param unannounced whether something is waited for that gives no notice when it changes
	 */
	readonly change: (unannounced: boolean) => Promise<void>;
	/** Whether it has waited long enough. */
	readonly isOver: () => boolean;
};

const KERNEL_SEQNUM = "/sys/kernel/uevent_seqnum";

export async function settle(options: SettleOptions): Promise<SettleReply> {
	const { progress, checkLosses, commands, change, isOver } = options;
	const target = readSeqnum(options.files);
	checkLosses();
	let checkedAgain = false;
	let latest: number | undefined;
	let quietSince: number | undefined;
	for (;;) {
		const exempts = findExempts(options);
		let left = listUnsettled(options, exempts, target);
		if (left.length === 0 && !checkedAgain) {
			// Once: in a storm there is always more.
			checkedAgain = true;
			checkLosses();
			left = listUnsettled(options, exempts, target);
		}
		// Commands for what came up: those that are added later are for what came later.
		latest = left.length === 0 ? (latest ?? commands.latest()) : undefined;
		const { awaited, exempt } = commands.unfinished(latest ?? commands.latest(), exempts.isExempt);
		const waitingFor = [...left, ...awaited.map(describeCommand)];
		const notWaitedFor = [...exempts.modules.map(describeModule), ...exempt.map(describeCommand)];
		const told = notWaitedFor.length > 0 ? { not_waited_for: notWaitedFor } : {};
		// Twice, with time between for what the last driver brought up to be heard of.
		if (waitingFor.length === 0 && quietSince === progress().ended) return { settled: true, waiting_for: [], ...told };
		quietSince = waitingFor.length === 0 ? progress().ended : undefined;
		if (isOver()) {
			const [...waiting_for] = waitingFor.length > 0 ? waitingFor : ["a moment of quiet"];
			return { settled: false, waiting_for, ...told };
		}
		await change(waitingFor.length === 0 || isAnyUnannounced(options));
	}
}

type Exempts = {
	/** Is not to be waited for by whoever asks: he is below it, or it waits for the agent as he does. */
	isExempt(pids: readonly number[]): boolean;
	/** Those whose install commands are exempt. */
	readonly modules: readonly string[];
};

/** For whoever is below a command of the agent's: everybody else waits for all of them. */
function findExempts({ inserter, commands, pidsOf, askers, lineage }: SettleOptions): Exempts {
	const isOwn = (pids: readonly number[]): boolean => pids.some((pid) => lineage.includes(pid));
	const modules = inserter.running().map(({ module }) => module);
	const isBelow =
		modules.some((module) => isOwn(pidsOf(module))) || commands.unfinished(commands.latest(), isOwn).exempt.length > 0;
	const isExempt = (pids: readonly number[]): boolean => isBelow && askers.areAsking(pids);
	return { isExempt, modules: modules.filter((module) => isExempt(pidsOf(module))) };
}

function listUnsettled(options: SettleOptions, { modules }: Exempts, target: number): readonly string[] {
	const { inserter, isReloading } = options;
	const { socket, ...progress } = options.progress();
	const left: string[] = [];
	if (socket === undefined) left.push("the uevent socket");
	// Others may go on sending: what came later than the question is not waited for.
	else if (hasUnread(options) && !((progress.seqnum ?? -1) >= target)) left.push("uevents that wait to be read");
	if (isUnderWay({ socket, ...progress })) left.push("a look at all devices");
	if (isReloading()) left.push("what is known to be read anew");
	if (hasUdevQueue(options)) left.push("udev's queue");
	return [...left, ...listBusy(inserter, new Set(modules))];
}

const hasUnread = ({ progress }: SettleOptions): boolean => (progress().socket?.waiting() ?? 0) > 0;

const hasUdevQueue = ({ source, files }: SettleOptions): boolean => source === "udev" && isThere(files, UDEV_QUEUE);

/** The kernel does not tell when its messages have been read, nor udev when its queue is empty. */
const isAnyUnannounced = (options: SettleOptions): boolean => hasUnread(options) || hasUdevQueue(options);

/** What gets on and is not exempt: modules by name, or that others wait for their turn. */
export function listBusy(
	inserter: Pick<Inserter, "busy" | "running">,
	exempt: ReadonlySet<string> = new Set(),
): readonly string[] {
	if (inserter.busy() === 0) return [];
	const running = inserter.running().filter(({ hung }) => !hung);
	const others = running.filter(({ module }) => !exempt.has(module));
	if (others.length > 0) return others.map(({ module }) => module);
	// Where nothing but the exempt runs, whatever waits for a place waits for one of theirs.
	return running.length > 0 ? [] : ["modules that wait for their turn"];
}

const describeModule = (module: string): string => `the install command of ${module}`;

export function describeCommand({ command: [program], device, rule }: Command): string {
	return `${program} for ${device} (${formatSource(rule)})`;
}

function readSeqnum(files: Pick<Files, "read">): number {
	const number = Number(files.read(KERNEL_SEQNUM)?.toString("latin1"));
	return Number.isSafeInteger(number) ? number : Number.POSITIVE_INFINITY;
}
