// Waits until everything that has come up is handled: uevents that were in the socket at the request were read, lost uevents were
// made good by a look, no look is under way, no module is in flight except those that hang, policy's commands have ended, and
// when udev is the source, udev's queue is empty. Modules in their back-off are not waited for: they have just failed, and may
// rest for a minute.

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
	/** Returns the present progress of the pipeline. */
	readonly progress: () => Progress;
	/** Asks the kernel whether uevents were lost. A loss makes a look due. */
	readonly checkLosses: () => void;
	readonly inserter: Pick<Inserter, "busy" | "running">;
	readonly commands: Pick<CommandPool, "latest" | "unfinished">;
	readonly files: Pick<Files, "read" | "stamp">;
	readonly source: UeventSource;
	readonly isReloading: () => boolean;
	/** Returns the processes of a module's install command. */
	readonly pidsOf: (module: string) => readonly number[];
	readonly askers: Pick<Askers, "areAsking">;
	/** The client's process, its ancestors and their sessions. The client is one of the askers. */
	readonly lineage: readonly number[];
	/**
	 * Resolves when something may have changed, after a short pause at least.
	 * @param unannounced whether a condition is waited for that gives no notice when it changes
	 */
	readonly change: (unannounced: boolean) => Promise<void>;
	/** Whether the wait must end. */
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
			// Losses are checked once more, not for ever: in a storm uevents keep arriving.
			checkedAgain = true;
			checkLosses();
			left = listUnsettled(options, exempts, target);
		}
		// Commands of devices that came up so far: commands that are added later belong to later devices.
		latest = left.length === 0 ? (latest ?? commands.latest()) : undefined;
		const { awaited, exempt } = commands.unfinished(latest ?? commands.latest(), exempts.isExempt);
		const waitingFor = [...left, ...awaited.map(describeCommand)];
		const notWaitedFor = [...exempts.modules.map(describeModule), ...exempt.map(describeCommand)];
		const told = notWaitedFor.length > 0 ? { not_waited_for: notWaitedFor } : {};
		// Must hold twice, with a pause for uevents of devices that the last driver brought up.
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
	/**
	 * Whether the client must not wait for a command with these processes: the client is below the command, or the command waits
	 * for the agent as the client does.
	 */
	isExempt(pids: readonly number[]): boolean;
	/** The modules whose install commands are exempt. */
	readonly modules: readonly string[];
};

/** Exemptions for a client below a command of the agent. Any other client waits for all commands. */
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
	// Other senders may go on: uevents that came later than the request are not waited for.
	else if (hasUnread(options) && !((progress.seqnum ?? -1) >= target)) left.push("uevents that wait to be read");
	if (isUnderWay({ socket, ...progress })) left.push("a look at all devices");
	if (isReloading()) left.push("a reload of indexes and configuration");
	if (hasUdevQueue(options)) left.push("udev's queue");
	return [...left, ...listBusy(inserter, new Set(modules))];
}

const hasUnread = ({ progress }: SettleOptions): boolean => (progress().socket?.waiting() ?? 0) > 0;

const hasUdevQueue = ({ source, files }: SettleOptions): boolean => source === "udev" && isThere(files, UDEV_QUEUE);

/** Neither does the kernel tell when its messages have been read, nor udev when its queue is empty. */
const isAnyUnannounced = (options: SettleOptions): boolean => hasUnread(options) || hasUdevQueue(options);

/** Returns the names of modules that make progress and are not exempt, or a line that others wait for their turn. */
export function listBusy(
	inserter: Pick<Inserter, "busy" | "running">,
	exempt: ReadonlySet<string> = new Set(),
): readonly string[] {
	if (inserter.busy() === 0) return [];
	const running = inserter.running().filter(({ hung }) => !hung);
	const others = running.filter(({ module }) => !exempt.has(module));
	if (others.length > 0) return others.map(({ module }) => module);
	// When only exempt modules run, every module that waits for a permit waits for one of theirs.
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
