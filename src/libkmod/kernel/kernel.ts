// The port: the few verbs that libkmod, the tools and the agent ask of a machine. `src/linux/modules/kernel.ts` is the real one;
// a test's is an object literal over a Map of files. All strings are byte strings: one character a byte.

import type { Bound } from "./bounds.js";
import { errnos, type KnownErrno } from "./errnos.js";
import { HotplugdError } from "./errors.js";

/** Reading. Synchronous: these are small files in the page cache. */
export interface Files {
	/**
	 * The whole file, or undefined where there is none (ENOENT, ENOTDIR).
	 * @param bound unless given, that of what the kernel and udev say in small files
	 * @throws {Refusal} for every other reason: EFBIG for what is larger than the bound, EINVAL for what is no regular file
	 */
	read(path: string, bound?: Bound): Buffer | undefined;
	/** Names in a directory, in its own order, or undefined where there is none. @throws {Refusal} for every other reason. */
	list(path: string): string[] | undefined;
	/**
	 * An opaque mark that changes whenever the file or directory is written; undefined where there is none.
	 * @throws {Refusal} for every other reason: whoever can go on asks by isThere or markOf
	 */
	stamp(path: string): string | undefined;
	/**
	 * When a file was last written, in nanoseconds since 1970; undefined where there is none. Missing where that is not known.
	 * @throws {Refusal} for every other reason
	 */
	modified?(path: string): bigint | undefined;
	/** Of what is not there: whether a link is, at the path or above it, that leads to nothing. Missing where that is not known. */
	leadsNowhere?(path: string): boolean;
}

/** Reading module files. Asynchronous: to unpack one takes time. */
export interface ModuleFiles {
	/** A module file's content, unpacked whatever it is compressed by. @throws {Refusal} ENOENT where there is none. */
	readModule(path: string): Promise<Buffer>;
}

/** finit_module(2)'s MODULE_INIT_IGNORE_VERMAGIC and MODULE_INIT_IGNORE_MODVERSIONS. */
export type InsertFlags = { readonly forceVermagic?: boolean; readonly forceModversion?: boolean };

/** delete_module(2): O_TRUNC is force; O_NONBLOCK is always set, as in kmod. */
export type RemoveFlags = { readonly force?: boolean };

export type RunFlags = {
	/**
	 * What it finds in its environment beside what it is given: all that this process has, which is so where absent, or nothing.
	 * Then it is in a session of its own, too.
	 */
	readonly inherits?: boolean;
	/** It runs, as this process. Not called where that cannot be told. */
	readonly onBegun?: (pid: number) => void;
};

/** What a machine can do. Every promise rejects with a {@link Refusal} and with nothing else. */
export interface Kernel extends Files {
	/** uname(2)'s release, such as 6.1.0-56-amd64. */
	readonly release: string;
	/** Reads the module file, decompresses it where the kernel cannot, and resolves once its init has returned. */
	insert(path: string, parameters: string, flags?: InsertFlags): Promise<void>;
	/** Removes a module by its normalised name. */
	remove(module: string, flags?: RemoveFlags): Promise<void>;
	/**
	 * Runs a line of modprobe.d by `/bin/sh -c`, standard streams inherited, and so the environment unless flags say otherwise;
	 * resolves with its exit status (128+N for signal N).
	 */
	run(command: string, environment: Readonly<Record<string, string>>, flags?: RunFlags): Promise<number>;
}

/** What a refusal is made of. */
export type RefusalParts = {
	/** A verb or short phrase, such as "open" or "listen to". */
	readonly operation: string;
	/** What it was to be done to: a path, mostly. */
	readonly subject: string;
	/** A clause about the subject, such as "it is a directory", where the errno says too little. */
	readonly reason?: string | undefined;
	/** What was caught, where something was. */
	readonly cause?: unknown;
} & RefusedErrno;

/** By name (ENODEV) and positive number. The number is the system's own, or else that of {@link errnos}. */
type RefusedErrno =
	| { readonly code: string; readonly errno: number }
	| { readonly code: KnownErrno; readonly errno?: undefined };

/** The machine said no: which operation, on what, and the errno's name (`code`, such as ENODEV) and positive number. */
export class Refusal extends HotplugdError {
	override readonly name = "Refusal";
	readonly operation: string;
	readonly subject: string;
	override readonly code: string;
	readonly errno: number;
	readonly reason: string | undefined;
	constructor(refused: RefusalParts) {
		const { operation, subject, code, reason, cause } = refused;
		super(`${operation} ${subject}: ${reason ?? code}`, cause === undefined ? undefined : { cause });
		this.operation = operation;
		this.subject = subject;
		this.code = code;
		this.errno = refused.errno ?? errnos[refused.code];
		this.reason = reason;
	}

	/** For people: the reason, or else the errno's name. */
	get why(): string {
		return this.reason ?? this.code;
	}
}

/**
 * Something wrong in text that people wrote: the rest of the file is still used. Lines count from 1; 0 is the whole file. The
 * message is for people: a program tells by the kind.
 */
export type Problem = {
	readonly file: string;
	readonly line: number;
	readonly message: string;
	/** Absent for all others. */
	readonly kind?: ProblemKind;
};

/**
 * Problems that kmod has a form of its own for:
 * - deprecated: a directive that was dropped from the format, such as `include`; the message names the directive
 * - nested: a directory within a directory of configuration files
 * - dangling: a link in such a directory that leads to no file, and so hides no file of its name in later directories
 * - parameter: a word of the kernel command line whose module name has unmatched brackets; the message names the word
 */
export type ProblemKind = "deprecated" | "nested" | "dangling" | "parameter";
