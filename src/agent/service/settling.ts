// The waits of the service: a settle request waits for everything to be settled, and a reload waits for the insertions in flight.
import { defer, merge, type Observable, type SchedulerLike, timer } from "rxjs";
import type { Inserter } from "../../libkmod/insertion/inserter.js";
import type { Kernel } from "../../libkmod/kernel/kernel.js";
import type { Client } from "../../ports/control.js";
import type { UeventSource } from "../../ports/uevents.js";
import type { CommandPool } from "../commands/command-pool.js";
import { awaitChange } from "../control/changes.js";
import type { SettleReply } from "../control/protocol.js";
import { listBusy, settle } from "../control/settle.js";
import type { Askers, InstallCommands } from "../control/waiting-clients.js";
import type { Pipeline } from "../pipeline/pipeline.js";
import type { Journal } from "../telling/journal.js";
import type { Reload } from "./reload.js";

export type SettlingOptions = {
	readonly pipeline: Pick<Pipeline, "inserter" | "progress" | "checkLosses">;
	readonly reload: Pick<Reload, "reload" | "isUnderWay" | "lacking">;
	readonly commandPool: CommandPool;
	readonly askers: Askers;
	readonly pidsOf: InstallCommands["pidsOf"];
	readonly files: Pick<Kernel, "read" | "stamp">;
	readonly source: UeventSource;
	readonly journal: Pick<Journal, "info">;
	/** Emits when a condition that is waited for may have changed. */
	readonly changes: Observable<unknown>;
	readonly isStopped: () => boolean;
	/** Emits when the agent is told to stop, and at once to later subscribers. */
	readonly stopped: Observable<unknown>;
	readonly scheduler: SchedulerLike;
};

export const listRunning = (inserter: Pick<Inserter, "running">): readonly string[] =>
	inserter.running().map(({ module }) => module);

/** Resolves when everything is settled, when the milliseconds are over, when the client has gone, or when the agent stops. */
export async function settleFor(options: SettlingOptions, milliseconds: number, client: Client): Promise<SettleReply> {
	const { pipeline, reload, askers, journal, isStopped } = options;
	const { isOver, over } = deadlineIn(milliseconds, options);
	const lineage = client.lineage();
	// The missing indexes may exist by now, unnoticed.
	if (reload.lacking() !== undefined && reload.lacking()?.kind !== "impossible")
		await reload.reload().catch(() => undefined);
	const asking = { lineage, over, isOver: () => isOver() || client.hasGone() };
	const reply = await askers.during(client, () => settle(settleOptions(options, asking)));
	const { settled, not_waited_for } = reply;
	if (not_waited_for !== undefined)
		journal.info(
			{ not_waited_for, settled },
			"settle was called from below a command of the agent: commands that cannot end before settle were not waited for",
		);
	const lacking = reload.lacking();
	const noted = { ...reply, ...(lacking && { note: `no usable indexes yet: ${lacking.why}` }) };
	return settled || !isStopped() ? noted : { ...noted, waiting_for: listRunning(pipeline.inserter), stopping: true };
}

type Deadline = {
	/** Whether the time is over, or the agent stops. */
	readonly isOver: () => boolean;
	/** Emits when that becomes so, and at once to a later subscriber. */
	readonly over: Observable<unknown>;
};

type Clock = Pick<SettlingOptions, "stopped" | "isStopped" | "scheduler">;

function deadlineIn(milliseconds: number, { stopped, isStopped, scheduler }: Clock): Deadline {
	const deadline = scheduler.now() + milliseconds;
	const left = (): number => Math.max(0, deadline - scheduler.now());
	return {
		isOver: () => isStopped() || left() === 0,
		over: merge(
			stopped,
			defer(() => timer(left(), scheduler)),
		),
	};
}

type Asking = Deadline & { readonly lineage: readonly number[] };

function settleOptions(options: SettlingOptions, { lineage, isOver, over }: Asking): Parameters<typeof settle>[0] {
	const { pipeline, reload, commandPool: commands, askers, pidsOf, files, source, changes, scheduler } = options;
	const { inserter, progress, checkLosses } = pipeline;
	return {
		progress: () => progress.value,
		checkLosses,
		...{ inserter, commands, files, source, pidsOf, askers, lineage, isOver },
		isReloading: () => reload.isUnderWay(),
		change: (unannounced) => awaitChange({ changes, over, scheduler }, unannounced),
	};
}

/**
 * Resolves when the insertions in flight have ended. Does not wait for modules that hang, for install commands that wait for the
 * agent, nor longer than the given milliseconds.
 */
export async function inFlightEnded(options: Omit<SettlingOptions, "reload">, milliseconds: number): Promise<void> {
	const { pipeline, askers, pidsOf, changes, scheduler } = options;
	const { isOver, over } = deadlineIn(milliseconds, options);
	const isExempt = (module: string): boolean => askers.areAsking(pidsOf(module));
	const isBusy = (): boolean =>
		listBusy(pipeline.inserter, new Set(listRunning(pipeline.inserter).filter(isExempt))).length > 0;
	while (!isOver() && isBusy()) await awaitChange({ changes, over, scheduler }, false);
}
