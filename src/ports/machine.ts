// What a tool is given of the machine it runs on. main.ts plugs in the real one; a test's is an object literal. All strings are byte
// strings: one character a byte.

import type { Command, CommandEnd } from "../agent/commands/command-pool.js";
import type { Client } from "../agent/control/waiting-clients.js";
import type { DeviceSources } from "../agent/devices/devices.js";
import type { Readiness } from "../agent/service/readiness.js";
import type { DirectoryWatch } from "../agent/settings/staleness.js";
import type { ModuleTree } from "../libkmod/depmod/module-tree.js";
import type { Kernel, ModuleFiles } from "../libkmod/kernel/kernel.js";

export interface Machine {
	readonly environment: Readonly<Record<string, string | undefined>>;
	/** An absolute path. */
	workingDirectory(): string;
	/** Where the package's own rules of policy are. */
	readonly rulesDirectory: string;
	/** Writes to standard output: everything is written when it returns. */
	print(text: string | Uint8Array): void;
	/** The same to standard error. */
	complain(text: string): void;
	/** Whether a terminal shows standard output (1) or standard error (2): none does where absent. */
	isTerminal?(descriptor: 1 | 2): boolean;
	/** The same two, without ever waiting for who reads them. */
	openReports(): Promise<Reports>;
	/** Opens syslog(3) under a program's name. The function sends one message; priorities count from 0, the gravest, to 7. */
	openSyslog(program: string): Promise<(priority: number, text: string) => void>;
	/** Writes a file, whether there is one or not, and makes the directories above it. @throws {Refusal} by "mkdir" or "write" */
	writeFile(path: string, content: string | Uint8Array): Promise<void>;
	/**
	 * The running kernel. Links below `root`, where that is not "", mean what they mean on the machine whose root it is. Only asked
	 * for by what needs it: --help does not.
	 */
	kernel(options?: { readonly root?: string }): Promise<Kernel & ModuleFiles>;
	/** Trees of module files, for depmod. */
	moduleTree(): Promise<ModuleTree>;
	/** The devices below a sysfs such as /sys, which links below `root` lead to as above, and the socket that announces new ones. */
	devices(sysfs: string, options?: { readonly root?: string }): Promise<DeviceSources>;
	/**
	 * Makes room for so many insertions at once, and so many more that hang or must not wait; to be called before anything
	 * asynchronous is.
	 */
	sizeThreadPool(insertions: number, more?: number): Promise<void>;
	/**
	 * Begins a process of its own for insertions, so that this one can end whatever they do; where there can be none, the kernel
	 * given inserts in this process. Links below `root` lead as above.
	 */
	beginInsertionProcess(
		kernel: Pick<Kernel, "insert">,
		options?: { readonly root?: string },
	): Promise<InsertionProcess>;
	/**
	 * How many more files this process may open, and how many in all; undefined where that cannot be told. Where it is absent there
	 * is no bound.
	 */
	openFiles?(): Promise<{ readonly left: number; readonly most?: number } | undefined>;
	/**
	 * Ends this process with an exit status though system calls of it go on, for which it would wait otherwise. All that is to be
	 * written must have been.
	 */
	endNow(status: number): Promise<void>;
	/** Gives back the memory that nobody needs any more, which takes as long as a full garbage collection. */
	trimMemory(): Promise<void>;
	/** Calls the listener at SIGTERM and SIGINT instead of ending at once. */
	onStopSignal(listener: (signal: string) => void): void;
	/** Calls the listener at SIGHUP. */
	onReloadSignal(listener: () => void): void;
	service(): Promise<ServiceMachine>;
}

export interface Reports {
	/** Whole lines. Neither throws nor waits; what has no room is kept, and what is too much of that is left out. */
	print(text: string | Uint8Array): void;
	complain(text: string): void;
	/**
	 * Resolves when all is written, or is waited for no longer, with the number of lines of standard output that were lost.
	 * @param patience asked again and again. @throws {Refusal} by "write", such as EPIPE where the reader has gone
	 */
	close(patience: () => Patience): Promise<number>;
}

/** How long a reader is waited for, in milliseconds: while he reads nothing, and in all. */
export type Patience = { readonly silence: number; readonly inAll: number };

export interface InsertionProcess {
	/** How many insertions there may be at once. To be called once, before the first of them. */
	size(insertions: number): void;
	readonly insert: Kernel["insert"];
	/** Nothing more is asked. Resolves when the process has ended, in a second at most, or was left behind with what is in flight. */
	close(): Promise<void>;
}

/** What a daemon needs beside that. */
export interface ServiceMachine {
	/**
	 * Keeps others from running over the same run directory for as long as this process lives. The directory is made, for
	 * this user alone, where there is none. @throws {Refusal}
	 */
	lockInstance(runDirectory: string): Promise<InstanceLock>;
	/** Standard output, for a log. */
	openLog(options: LogOptions): Promise<LogOutput>;
	/** Answers lines on a Unix stream socket; the directory of it is made as above. @throws {Refusal} */
	listenControl(options: ControlOptions): Promise<ControlSocket>;
	/** @throws {Refusal} where there is no such descriptor. */
	readiness(options: ReadinessOptions): Promise<Readiness>;
	/** Hints that something in directories changed. */
	watchDirectories(options: WatchOptions): Promise<DirectoryWatch>;
	/** Makes an empty file, or removes it. @throws {Refusal} */
	mark(path: string, present: boolean): void;
	/** Runs a program of policy. @throws {Refusal} by "run" where it cannot be started */
	runCommand(run: CommandRun): Promise<CommandEnd>;
	/** Replaces a file whole, or leaves the old one. @throws {Refusal} */
	replaceFile(path: string, content: string): Promise<void>;
	/** Sends one line to a control socket: resolves with the line that answers it. @throws {Refusal} */
	ask(
		path: string,
		line: string,
		timeoutMilliseconds: number,
		/** Whether a line is not the answer yet. */
		isNews?: (line: Buffer) => boolean,
	): Promise<Buffer>;
	/** Lines of the socket "load" that waited in the thin helper's spool, which is empty then. @throws {Refusal} */
	takeSpooled(directory: string): Promise<readonly Uint8Array[]>;
	/** Puts such a line there, for whoever runs next. @throws {Refusal} */
	putSpooled(directory: string, line: Uint8Array): Promise<void>;
	/** The one connection that this process was started for. @throws {Refusal} by "accept" where there is none */
	acceptConnection(): Promise<Connection>;
}

export interface LogOptions {
	/** So many lines had to be left out, since nobody reads them; those that are written now come after them. */
	onLost(lines: number): void;
}

export interface LogOutput {
	/** A whole line. It never waits; a log that cannot be written, its disk being full say, keeps no machine from its drivers. */
	write(line: string): void;
	/** Resolves when all is written, or nobody has read for a second. */
	close(): Promise<unknown>;
}

export interface Connection {
	/** The first line without its newline, one byte too long where it is longer; undefined where none comes. */
	readLine(longest: number): Promise<Uint8Array | undefined>;
	/** What comes before the answer. */
	tell(text: string): void;
	/** To be called once, last. */
	answer(text: string): Promise<void>;
}

export type CommandRun = Pick<Command, "command" | "environment" | "timeoutMilliseconds"> & {
	/** It runs, as this process. */
	readonly onBegun?: (pid: number) => void;
};

/** Or the process that has it, if it is known. */
export type InstanceLock =
	| { readonly held: true; release(): void }
	| { readonly held: false; readonly file: string; readonly pid: number | undefined };

export interface ControlOptions {
	readonly path: string;
	/** A line without its newline -> what is written back, its newline included. What it throws ends the connection. */
	answer(line: Buffer, client: Client): Promise<string | Uint8Array>;
	/** The first answer ends the connection. */
	readonly oneAnswer?: boolean;
	/** More connections at once are closed unheard: 64 when absent. */
	readonly connections?: number;
}

export interface ControlSocket {
	/** Nobody connects any more; resolves once what is being answered was, or after a second. The socket's file is gone. */
	close(): Promise<void>;
}

export interface ReadinessOptions {
	/** A descriptor that this process was given for a newline when it is ready, as s6's notification-fd. */
	readonly notifyFd?: number;
	/** What could not be said, and why. */
	onProblem(problem: Error): void;
}

export interface WatchOptions {
	/** Something was written, came or went. */
	onHint(): void;
	/** The first directory that cannot be watched though it is there: to look now and then is then all that helps. */
	onProblem(problem: Error): void;
}
