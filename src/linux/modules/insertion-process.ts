// Insertions in a process of their own, so that this one can end whatever they do: a driver's init cannot be interrupted where it
// sleeps uninterruptibly, and the kernel tells of a process's end only when its last thread has ended (wait(2), exit_group(2)).
// Where that process cannot be started, or ends before its time, the insertions go on in this one: the machine is to have its drivers.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { resolve } from "node:path";
import { type InsertFlags, type Kernel, Refusal } from "../../libkmod/kernel/kernel.js";
import type { InsertionProcess } from "../../ports/machine.js";
import { nodeOptions } from "../process/node-options.js";
import { readWorkingDirectory } from "../process/process-words.js";
import {
	type InsertionAnswer,
	type InsertionOrder,
	type InsertionRequest,
	readingLines,
} from "./insertion-protocol.js";

export type InsertionProcessOptions = {
	/** The executable of that process, for node. */
	readonly script: string;
	/** What inserts in this process. */
	readonly insertHere: Kernel["insert"];
};

type Refused = NonNullable<InsertionAnswer["refusal"]>;

type Pending = Omit<InsertionRequest, "id"> & {
	settle(how: void | PromiseLike<void>): void;
	reject(reason: Error): void;
};

const CLOSE_MILLISECONDS = 1000;
/** How often it is made sure that the process is there, while something is in flight. */
const LOOK_MILLISECONDS = 500;

export function beginInsertionProcess(options: InsertionProcessOptions): InsertionProcess {
	const there = new RemoteInsertions(options);
	return {
		size: (threads) => there.size(threads),
		insert: (path, parameters, flags = {}) => there.insert(path, parameters, flags),
		close: () => there.close(),
	};
}

class RemoteInsertions {
	readonly #insertHere: Kernel["insert"];
	readonly #pending = new Map<number, Pending>();
	readonly #child: ChildProcess | undefined;
	readonly #socket: Socket | undefined;
	#lastId = 0;
	#looks: NodeJS.Timeout | undefined;
	#isThere: boolean;

	constructor({ script, insertHere }: InsertionProcessOptions) {
		this.#insertHere = insertHere;
		const child = start(script);
		// Where there are too few descriptors for it, it has no streams either.
		const socket = child?.stdio?.[3] as Socket | undefined;
		this.#child = child;
		this.#socket = socket;
		this.#isThere = socket !== undefined;
		const lose = (): void => this.#lose();
		child?.once("error", lose);
		socket?.once("close", lose);
		// Its end is told by "close".
		socket?.on("error", () => undefined);
		const take = readingLines<InsertionAnswer>((answer) => this.#settle(answer));
		socket?.on("data", take);
	}

	size(threads: number): void {
		this.#send({ threads });
	}

	insert(path: string, parameters: string, flags: InsertFlags): Promise<void> {
		if (!this.#isThere) return this.#insertHere(path, parameters, flags);
		return new Promise((settle, reject) => {
			const id = ++this.#lastId;
			this.#pending.set(id, { path, parameters, flags, settle, reject });
			this.#looks ??= setInterval(() => this.#look(), LOOK_MILLISECONDS);
			this.#send({ id, path: absolute(path), parameters, flags });
		});
	}

	async close(): Promise<void> {
		const child = this.#child;
		this.#stopLooking();
		if (!this.#isThere) return;
		this.#isThere = false;
		const ended = child && endOf(child);
		child?.unref();
		// It sleeps, and so ends sooner than by itself, where nothing is in flight. Else it ends with what is.
		if (this.#pending.size === 0) child?.kill("SIGKILL");
		this.#socket?.destroy();
		if (this.#pending.size === 0 && ended) await within(CLOSE_MILLISECONDS, ended);
	}

	#send(order: InsertionOrder): void {
		if (this.#isThere) this.#socket?.write(`${JSON.stringify(order)}\n`);
	}

	#settle({ id, refusal, fault }: InsertionAnswer): void {
		const asked = this.#pending.get(id);
		this.#pending.delete(id);
		if (refusal !== undefined) asked?.reject(asThrownHere(refusal, asked.path));
		else if (fault !== undefined) asked?.reject(new Error(fault));
		else asked?.settle();
		if (this.#pending.size === 0) this.#stopLooking();
	}

	/** What was in flight is begun again here. What came to life meanwhile, the kernel says so (EEXIST). */
	#lose(): void {
		if (!this.#isThere) return;
		this.#isThere = false;
		this.#stopLooking();
		this.#socket?.destroy();
		for (const { path, parameters, flags, settle } of this.#pending.values())
			settle(this.#insertHere(path, parameters, flags));
		this.#pending.clear();
	}

	/** One that was killed while a driver's init holds a thread of it neither ends nor closes its socket before that thread has ended. */
	#look(): void {
		if (isZombie(this.#child?.pid)) this.#lose();
	}

	#stopLooking(): void {
		clearInterval(this.#looks);
		this.#looks = undefined;
	}
}

/** In a session of its own: what a terminal signals is for this process. None of this one's standard streams is kept open by it. */
function start(script: string): ChildProcess | undefined {
	if (!existsSync(script)) return undefined;
	try {
		return spawn(process.execPath, [...nodeOptions(), script], {
			detached: true,
			cwd: "/",
			stdio: ["ignore", "ignore", "ignore", "pipe"],
		});
	} catch {
		return undefined;
	}
}

/** The other process has a working directory that keeps no file system busy. */
const absolute = (path: string): string => (path.startsWith("/") ? path : resolve(readWorkingDirectory(), path));

/** Names the module file as it was named here. */
function asThrownHere({ operation, subject, code, errno, reason }: Refused, path: string): Refusal {
	return new Refusal({ operation, subject: subject === absolute(path) ? path : subject, code, errno, reason });
}

function endOf(child: ChildProcess): Promise<unknown> {
	if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
	return new Promise((end) => child.once("exit", end));
}

/** proc(5), /proc/PID/stat: the state stands behind the name, which may have any letters in it. */
function isZombie(pid: number | undefined): boolean {
	try {
		const text = readFileSync(`/proc/${pid}/stat`, "latin1");
		return text[text.lastIndexOf(")") + 2] === "Z";
	} catch {
		return false;
	}
}

function within(milliseconds: number, what: Promise<unknown>): Promise<unknown> {
	return Promise.race([what, new Promise((over) => setTimeout(over, milliseconds))]);
}
