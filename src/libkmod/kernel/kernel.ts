// The port: the few operations that libkmod, the tools and the agent need of a machine. `src/linux/modules/kernel.ts` is the
// real one; a test's is an object literal over a Map of files. All strings are byte strings: one character a byte.

import type { Bound } from "./bounds.js";
import { errnos, type KnownErrno } from "./errnos.js";
import { HotplugdError } from "./errors.js";
import type { WholeNumber } from "./whole-number.js";

/** Reading files. Synchronous, since these are small files in the page cache. */
export interface Files {
	/**
	 * The whole file. Undefined when it does not exist (ENOENT, ENOTDIR).
	 * @param bound default: the limit for small files of the kernel and of udev
	 * @throws {Refusal} for every other reason: EFBIG for a file larger than the bound, EINVAL for a path that is no regular
	 * file
	 */
	read(path: string, bound?: Bound): Buffer | undefined;
	/** Names in a directory, in directory order. Undefined when it does not exist. @throws {Refusal} for every other reason */
	list(path: string): string[] | undefined;
	/**
	 * An opaque mark that changes whenever the file or directory is written. Undefined when it does not exist.
	 * @throws {Refusal} for every other reason: isThere and markOf do not throw
	 */
	stamp(path: string): string | undefined;
	/**
	 * The modification time of a file, in nanoseconds since 1970. Undefined when the file does not exist. The method is missing
	 * when times are not known.
	 * @throws {Refusal} for every other reason
	 */
	modified?(path: string): bigint | undefined;
	/**
	 * For a path that does not exist: whether the path or a directory above is a dangling link. The method is missing when that
	 * is not known.
	 */
	leadsNowhere?(path: string): boolean;
}

/** Reading module files. Asynchronous, since decompression takes time. */
export interface ModuleFiles {
	/** The content of a module file, decompressed. @throws {Refusal} ENOENT when the file does not exist */
	readModule(path: string): Promise<Buffer>;
}

/** finit_module(2)'s MODULE_INIT_IGNORE_VERMAGIC and MODULE_INIT_IGNORE_MODVERSIONS. */
export type InsertFlags = { readonly forceVermagic?: boolean; readonly forceModversion?: boolean };

/** delete_module(2): O_TRUNC is force; O_NONBLOCK is always set, as in kmod. */
export type RemoveFlags = { readonly force?: boolean };

export type RunFlags = {
	/**
	 * Whether the command inherits the environment of this process in addition to the given variables. Default: true. When
	 * false, the command also runs in a session of its own.
	 */
	readonly inherits?: boolean;
	/** Called with the process id once the command runs. Not called when the id is not known. */
	readonly onBegun?: (pid: number) => void;
};

/** The operations of a machine. Every promise rejects with a {@link Refusal} and with nothing else. */
export interface Kernel extends Files {
	/** uname(2)'s release, such as 6.1.0-56-amd64. */
	readonly release: string;
	/** Reads the module file and decompresses it when the kernel cannot. Resolves once the module's init has returned. */
	insert(path: string, parameters: string, flags?: InsertFlags): Promise<void>;
	/** Removes a module by its normalised name. */
	remove(module: string, flags?: RemoveFlags): Promise<void>;
	/**
	 * Runs a command of modprobe.d by `/bin/sh -c`. Standard streams are inherited, and so is the environment unless flags say
	 * otherwise. Resolves with the exit status (128+N for signal N).
	 */
	run(command: string, environment: Readonly<Record<string, string>>, flags?: RunFlags): Promise<number>;
}

/** The fields of a Refusal. */
export type RefusalParts = {
	/** A verb or short phrase, such as "open" or "listen to". */
	readonly operation: string;
	/** The object of the operation, mostly a path. */
	readonly subject: string;
	/** A clause about the subject, such as "it is a directory", when the errno says too little. */
	readonly reason?: string | undefined;
	/** The error that was caught, if any. */
	readonly cause?: unknown;
} & RefusedErrno;

/** The errno by name (ENODEV) and positive number. The number is the system's own, or else that of {@link errnos}. */
type RefusedErrno =
	| { readonly code: string; readonly errno: number }
	| { readonly code: KnownErrno; readonly errno?: undefined };

/**
 * The machine refused an operation: the operation, its subject, and the errno's name (`code`, such as ENODEV) and positive
 * number.
 */
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

	/** The reason, for people, or else the errno's name. */
	get why(): string {
		return this.reason ?? this.code;
	}
}

/**
 * A problem in text that people wrote: the rest of the file is still used. Lines count from 1; 0 is the whole file. The message
 * is for people: programs compare the kind.
 */
export type Problem = {
	readonly file: string;
	readonly line: WholeNumber;
	readonly message: string;
	/** Undefined for all other problems. */
	readonly kind?: ProblemKind;
};

/**
 * Problems for which kmod has a message of its own:
 * - deprecated: a directive that was dropped from the format, such as `include`; the message names the directive
 * - nested: a directory within a directory of configuration files
 * - dangling: a link in such a directory that leads to no file, and so hides no file of its name in later directories
 * - parameter: a word of the kernel command line whose module name has unmatched brackets; the message names the word
 */
export type ProblemKind = "deprecated" | "nested" | "dangling" | "parameter";
