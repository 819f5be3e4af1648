// The client of the insertion process, a child process that makes the insertions, so that this process can exit while an
// insertion hangs. A driver's init in uninterruptible sleep cannot be interrupted, and the kernel reports a process as ended only
// after its last thread has ended (wait(2), exit_group(2)). When the child cannot be started, or dies early, insertions go on in
// this process: the machine must get its drivers.

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
	/** Path of the script that node runs in the child process. */
	readonly script: string;
	/** Inserts in this process: the fallback when there is no child. */
	readonly insertHere: Kernel["insert"];
};

type Refused = NonNullable<InsertionAnswer["refusal"]>;

type Pending = Omit<InsertionRequest, "id"> & {
	settle(how: void | PromiseLike<void>): void;
	reject(reason: Error): void;
};

const CLOSE_MILLISECONDS = 1000;
/** Milliseconds between two checks that the child is alive, while an insertion is in flight. */
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
		// spawn() that fails for want of file descriptors returns a child without streams.
		const socket = child?.stdio?.[3] as Socket | undefined;
		this.#child = child;
		this.#socket = socket;
		this.#isThere = socket !== undefined;
		const lose = (): void => this.#lose();
		child?.once("error", lose);
		socket?.once("close", lose);
		// The event "close" follows an error, and handles it.
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
		// An idle child ends sooner by SIGKILL than on its own. A busy child ends when its last insertion has ended.
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

	/** Begins every insertion in flight again in this process. For a module that is live by then, the kernel answers EEXIST. */
	#lose(): void {
		if (!this.#isThere) return;
		this.#isThere = false;
		this.#stopLooking();
		this.#socket?.destroy();
		for (const { path, parameters, flags, settle } of this.#pending.values())
			settle(this.#insertHere(path, parameters, flags));
		this.#pending.clear();
	}

	/** A child that is killed while a driver's init blocks one of its threads keeps its socket open until that thread has ended. */
	#look(): void {
		if (isZombie(this.#child?.pid)) this.#lose();
	}

	#stopLooking(): void {
		clearInterval(this.#looks);
		this.#looks = undefined;
	}
}

/**
 * Starts the child in a session of its own, since signals from a terminal are meant for this process. The child holds none of
 * this process's standard streams open. Undefined when the script does not exist or cannot be run.
 */
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

/** The child's working directory is /, so that the child keeps no file system busy: a relative path is resolved here. */
const absolute = (path: string): string => (path.startsWith("/") ? path : resolve(readWorkingDirectory(), path));

/** The refusal names the module file by the path that the caller gave. */
function asThrownHere({ operation, subject, code, errno, reason }: Refused, path: string): Refusal {
	return new Refusal({ operation, subject: subject === absolute(path) ? path : subject, code, errno, reason });
}

function endOf(child: ChildProcess): Promise<unknown> {
	if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
	return new Promise((end) => child.once("exit", end));
}

/** proc(5), /proc/PID/stat: the state follows the process name, which may contain any character, ")" included. */
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
