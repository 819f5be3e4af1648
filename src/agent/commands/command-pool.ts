// The pool of policy's commands, with a bound on how many run at once. Commands of one device run one after the other, in the
// order of their arrival, and devices take turns, the longest waiting first. Acts: it runs them, and reads the monotonic clock.

import { type Observable, Subject } from "rxjs";
import type { Source } from "../../libkmod/formats/modprobe-config.js";
import { asError } from "../../libkmod/kernel/errors.js";
import type { CommandEnd, CommandRun } from "../../ports/commands.js";
import { DeviceQueues } from "./device-queues.js";

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

/** The results of commands that were never begun. */
type LeftOut = "dropped" | "stopped";

const MOST_WAITING = 1024;

export function makeCommandPool(options: CommandPoolOptions): CommandPool {
	return new BoundedPool(options);
}

class BoundedPool implements CommandPool {
	readonly changes = new Subject<void>();
	readonly #options: CommandPoolOptions;
	readonly #queues = new DeviceQueues<Entry>();
	/** The entries whose commands run, each with the end of its command. */
	readonly #running = new Map<Entry, Promise<void>>();
	#latest = 0;
	#stopped = false;

	constructor(options: CommandPoolOptions) {
		this.#options = options;
	}

	add(command: Command): void {
		const refusal = this.#findRefusal();
		if (refusal !== undefined) {
			this.#leaveOut(command, refusal);
			return;
		}
		this.#queues.add(command.device, { number: ++this.#latest, command, pids: [] });
		this.#begin();
		this.changes.next();
	}

	running(): number {
		return this.#running.size;
	}

	underway(): readonly Command[] {
		return [...this.#running.keys()].map(({ command }) => command);
	}

	waiting(): number {
		return this.#queues.size;
	}

	latest(): number {
		return this.#latest;
	}

	unfinished(upTo: number, isExempt: (pids: readonly number[]) => boolean): Unfinished {
		const running = [...this.#running.keys()];
		const queued = this.#queues.list();
		const exempt = new Set(running.filter(({ pids }) => isExempt(pids)));
		const devices = new Set([...exempt].map(({ command }) => command.device));
		const isFull = exempt.size >= this.#options.atOnce;
		const stuck = new Set(queued.filter(({ command }) => isFull || devices.has(command.device)));
		const all = [...running, ...queued].filter(({ number }) => number <= upTo);
		const isLeft = (entry: Entry): boolean => exempt.has(entry) || stuck.has(entry);
		return {
			awaited: all.filter((entry) => !isLeft(entry)).map(({ command }) => command),
			exempt: all.filter(isLeft).map(({ command }) => command),
		};
	}

	async stop(): Promise<void> {
		this.#stopped = true;
		for (const { command } of this.#queues.clear()) this.#leaveOut(command, "stopped");
		await Promise.all(this.#running.values());
	}

	/** Why a command may not be added now. Undefined when it may. */
	#findRefusal(): LeftOut | undefined {
		const { mostWaiting = MOST_WAITING } = this.#options;
		if (this.#stopped) return "stopped";
		return this.#queues.size >= mostWaiting ? "dropped" : undefined;
	}

	/** Begins commands until the pool is full, or no device has a command that may begin. */
	#begin(): void {
		while (this.#running.size < this.#options.atOnce) {
			const entry = this.#queues.take();
			if (entry === undefined) return;
			const end = this.#carryOut(entry).finally(() => this.#goOn(entry));
			this.#running.set(entry, end);
		}
	}

	/** Gives the place of a command that has ended to another one. */
	#goOn(entry: Entry): void {
		this.#running.delete(entry);
		this.#queues.release(entry.command.device);
		this.#begin();
		this.changes.next();
	}

	async #carryOut({ command, pids }: Entry): Promise<void> {
		const { run, report } = this.#options;
		const begun = performance.now();
		const end = await (async () => run(command, (pid) => pids.push(pid)))().then(describeEnd, describeFailure);
		report({ kind: "command", command, milliseconds: performance.now() - begun, ...end });
	}

	#leaveOut(command: Command, result: LeftOut): void {
		this.#options.report({ kind: "command", command, result, milliseconds: 0 });
	}
}

type Described = Pick<CommandReport, "result" | "exitStatus" | "complaint" | "reason">;

function describeEnd({ exitStatus, timedOut, complaint }: CommandEnd): Described {
	return { result: timedOut ? "timed out" : exitStatus === 0 ? "done" : "failed", exitStatus, complaint };
}

function describeFailure(thrown: unknown): Described {
	return { result: "not started", reason: asError(thrown) };
}
