// What a daemon is given of its machine beside what every tool is.
import type { CommandEnd, CommandRun } from "./commands.js";
import type { Ask, Connection, ControlOptions, ControlSocket } from "./control.js";
import type { LogOptions, LogOutput } from "./output.js";
import type { Readiness, ReadinessOptions } from "./readiness.js";
import type { DirectoryWatch, WatchOptions } from "./watching.js";

/** What a daemon needs beside that. */
export type ServiceMachine = {
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
	readonly ask: Ask;
	/** Lines of the socket "load" that waited in the thin helper's spool, which is empty then. @throws {Refusal} */
	takeSpooled(directory: string): Promise<readonly Uint8Array[]>;
	/** Puts such a line there, for whoever runs next. @throws {Refusal} */
	putSpooled(directory: string, line: Uint8Array): Promise<void>;
	/** The one connection that this process was started for. @throws {Refusal} by "accept" where there is none */
	acceptConnection(): Promise<Connection>;
};

/** Or the process that has it, if it is known. */
export type InstanceLock =
	| { readonly held: true; release(): void }
	| { readonly held: false; readonly file: string; readonly pid: number | undefined };
