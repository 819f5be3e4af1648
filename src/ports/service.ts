// The port to the machine that a daemon needs beside the Machine of every tool.
import type { CommandEnd, CommandRun } from "./commands.js";
import type { Ask, Connection, ControlOptions, ControlSocket } from "./control.js";
import type { LogOptions, LogOutput } from "./output.js";
import type { Readiness, ReadinessOptions } from "./readiness.js";
import type { DirectoryWatch, WatchOptions } from "./watching.js";

export type ServiceMachine = {
	/**
	 * Locks a run directory for as long as this process lives, so that no second agent uses it. Makes the directory, for this user
	 * alone, if it does not exist.
	 * @throws {Refusal}
	 */
	lockInstance(runDirectory: string): Promise<InstanceLock>;
	/** Opens standard output for a log. */
	openLog(options: LogOptions): Promise<LogOutput>;
	/** Answers lines on a Unix stream socket. Makes the socket's directory as lockInstance does. @throws {Refusal} */
	listenControl(options: ControlOptions): Promise<ControlSocket>;
	/** @throws {Refusal} when the file descriptor of the options is not open */
	readiness(options: ReadinessOptions): Promise<Readiness>;
	/** Watches directories, and gives hints that something in them changed. */
	watchDirectories(options: WatchOptions): Promise<DirectoryWatch>;
	/** Makes an empty file when `present` is true, else removes it. @throws {Refusal} */
	mark(path: string, present: boolean): void;
	/** Runs a program of the policy. @throws {Refusal} by "run" when it cannot be started */
	runCommand(run: CommandRun): Promise<CommandEnd>;
	/** Replaces a file atomically: a failure leaves the old one. @throws {Refusal} */
	replaceFile(path: string, content: string): Promise<void>;
	/** Sends one line to a control socket: resolves with the line that answers it. @throws {Refusal} */
	readonly ask: Ask;
	/** Empties the thin helper's spool. Resolves with its requests, lines as sent to the socket "load". @throws {Refusal} */
	takeSpooled(directory: string): Promise<readonly Uint8Array[]>;
	/** Adds such a line to the spool, for the next agent. @throws {Refusal} */
	putSpooled(directory: string, line: Uint8Array): Promise<void>;
	/** Takes the one connection that this process was started for. @throws {Refusal} by "accept" when there is none */
	acceptConnection(): Promise<Connection>;
};

/** The lock, or the file and, if known, the pid of the process that holds it. */
export type InstanceLock =
	| { readonly held: true; release(): void }
	| { readonly held: false; readonly file: string; readonly pid: number | undefined };
