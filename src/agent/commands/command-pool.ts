// The pool of policy's commands, with a bound on how many run at once. Commands of one device run one after the other, in the
// order of their arrival, and devices take turns, the longest waiting first. Acts: it runs them, and reads the monotonic clock.

import { type Observable, Subject } from "rxjs";
import type { Source } from "../../libkmod/formats/modprobe-config.js";
import { asError } from "../../libkmod/kernel/errors.js";
import type { CommandEnd, CommandRun } from "../../ports/commands.js";

/** A command to run for a device's uevent. */
export type Command = Omit<CommandRun, "onBegun"> & {
	readonly device: string;
	readonly action: string;
	/** The rule that has the command run. */
	readonly rule: Source;
};

export type CommandReport = {
	readonly kind: "command";
	readonly command: Command;
	readonly result:
		| "done"
		| "failed" // the exit status is not 0
		| "timed out"
		| "not started" // for example, the program does not exist
		| "dropped" // the queue was full
		| "stopped"; // the command was queued when the agent stopped
	readonly milliseconds: number;
	readonly exitStatus?: number | undefined;
	readonly complaint?: string;
	readonly reason?: Error;
};

export type CommandPoolOptions = {
	/**
	 * Runs a command. Rejects when the command cannot be started. Calls `onBegun` with each process of the command that becomes
	 * known.
	 */
	readonly run: (command: Command, onBegun: (pid: number) => void) => Promise<CommandEnd>;
	readonly atOnce: number;
	/** The bound of the queue: further commands are dropped. */
	readonly mostWaiting?: number;
	readonly report: (report: CommandReport) => void;
};

export type CommandPool = {
	add(command: Command): void;
	running(): number;
	/** Returns the commands that run. */
	underway(): readonly Command[];
	waiting(): number;
	/** Emits when a command is added, or has ended. */
	readonly changes: Observable<unknown>;
	/** Returns the number of the command that was added last, counted from 1. */
	latest(): number;
	/** Returns the commands, up to a number, that have not ended. */
	unfinished(latest: number, isExempt: (pids: readonly number[]) => boolean): Unfinished;
	/** Begins no further command. Resolves when the running ones have ended. */
	stop(): Promise<void>;
};

export type Unfinished = {
	/** Commands that end by themselves, whether the exempt ones end or not. */
	readonly awaited: readonly Command[];
	/** Commands with exempt processes, and commands that cannot begin before one of these has ended. */
	readonly exempt: readonly Command[];
};

type Entry = { readonly number: number; readonly command: Command; readonly pids: number[] };

const MOST_WAITING = 1024;

export function makeCommandPool({ run, atOnce, mostWaiting = MOST_WAITING, report }: CommandPoolOptions): CommandPool {
	/** Queued commands by device, without devices that have a command running. The device whose turn is next comes first. */
	const ready = new Map<string, Entry[]>();
	/** Commands that are queued behind a running command of the same device. */
	const busy = new Map<string, Entry[]>();
	const running = new Set<Entry>();
	const ends = new Set<Promise<void>>();
	const changes = new Subject<void>();
	let waiting = 0;
	let latest = 0;
	let stopped = false;

	function begin(): void {
		while (ends.size < atOnce) {
			const [next] = ready;
			if (next === undefined) return;
			const [device, entries] = next;
			ready.delete(device);
			const [entry, ...later] = entries;
			if (entry === undefined) continue;
			busy.set(device, later);
			waiting--;
			running.add(entry);
			const end = carryOut(entry).finally(() => {
				ends.delete(end);
				running.delete(entry);
				const left = busy.get(device) ?? [];
				busy.delete(device);
				if (left.length > 0) ready.set(device, left);
				begin();
				changes.next();
			});
			ends.add(end);
		}
	}

	async function carryOut({ command, pids }: Entry): Promise<void> {
		const begun = performance.now();
		const end = await (async () => run(command, (pid) => pids.push(pid)))().then(describeEnd, describeFailure);
		report({ kind: "command", command, milliseconds: performance.now() - begun, ...end });
	}

	function leaveOut(command: Command, result: "dropped" | "stopped"): void {
		report({ kind: "command", command, result, milliseconds: 0 });
	}

	return {
		add(command) {
			if (stopped) return leaveOut(command, "stopped");
			if (waiting >= mostWaiting) return leaveOut(command, "dropped");
			waiting++;
			const entry = { number: ++latest, command, pids: [] };
			const queue = busy.get(command.device) ?? ready.get(command.device);
			if (queue === undefined) ready.set(command.device, [entry]);
			else queue.push(entry);
			begin();
			changes.next();
		},
		running: () => ends.size,
		underway: () => [...running].map(({ command }) => command),
		waiting: () => waiting,
		changes,
		latest: () => latest,
		unfinished(upTo, isExempt) {
			const exempt = new Set([...running].filter(({ pids }) => isExempt(pids)));
			const devices = new Set([...exempt].map(({ command }) => command.device));
			const isFull = exempt.size >= atOnce;
			const queued = [...busy.values(), ...ready.values()].flat();
			const stuck = new Set(queued.filter(({ command }) => isFull || devices.has(command.device)));
			const all = [...running, ...queued].filter(({ number }) => number <= upTo);
			const isLeft = (entry: Entry): boolean => exempt.has(entry) || stuck.has(entry);
			return {
				awaited: all.filter((entry) => !isLeft(entry)).map(({ command }) => command),
				exempt: all.filter(isLeft).map(({ command }) => command),
			};
		},
		async stop() {
			stopped = true;
			for (const queue of [...busy.values(), ...ready.values()])
				for (const { command } of queue.splice(0)) leaveOut(command, "stopped");
			ready.clear();
			waiting = 0;
			await Promise.all(ends);
		},
	};
}

type Described = Pick<CommandReport, "result" | "exitStatus" | "complaint" | "reason">;

function describeEnd({ exitStatus, timedOut, complaint }: CommandEnd): Described {
	return { result: timedOut ? "timed out" : exitStatus === 0 ? "done" : "failed", exitStatus, complaint };
}

function describeFailure(thrown: unknown): Described {
	return { result: "not started", reason: asError(thrown) };
}
