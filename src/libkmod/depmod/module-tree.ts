// The port for trees of module files: the operations that depmod needs of a machine in addition to Files.
// `src/linux/depmod/module-tree.ts` is the real one.

import type { Refusal } from "../kernel/kernel.js";
import type { ModuleDigest } from "./module-digest.js";
import type { SymbolNames } from "./symbol-names.js";

/** The result of a walk: the files found, and the failures. */
export type Walk = {
	/** Paths of files, relative to the root of the walk. Symbolic links are followed. */
	readonly files: readonly string[];
	readonly failures: readonly WalkFailure[];
};

/** A directory that cannot be read, a dangling link, or an entry that is neither file nor directory. */
export type WalkFailure = {
	readonly path: string;
	/** "open" for a directory, "stat" for the target of a link, "use" for an entry that is neither file nor directory. */
	readonly operation: string;
	readonly code: string;
	readonly errno: number;
};

export interface ModuleTree {
	/**
	 * Lists the files below a directory whose names are wanted. Ignored files and directories (`passedOver`) are not even
	 * looked at.
	 * @throws {Refusal} when the directory itself cannot be read
	 */
	walk(directory: string, wanted: (name: string) => boolean, passedOver: (name: string) => boolean): Walk;
	/** Reads module files, whatever their compression. @param paths absolute, or relative to the directory */
	digest(directory: string, paths: readonly string[]): Promise<Digests>;
	/**
	 * The modification time of a file, in nanoseconds since 1970. Undefined when the file does not exist.
	 * @throws {Refusal} for every other reason
	 */
	modified(path: string): bigint | undefined;
	/**
	 * Locks a directory against other depmod processes for the lifetime of this process. Resolves even when the lock cannot be
	 * had.
	 */
	lock(directory: string, options: LockOptions): Promise<DirectoryLock>;
	/**
	 * Writes files into a directory, which is created when absent. Each file is replaced atomically. If one file cannot be
	 * written, all old files stay. Resolves when the files are on the disk. Rejects with a Refusal.
	 * @param alone whether this process holds the directory's lock, so that all drafts in the directory belong to processes
	 * that have ended
	 */
	publish(directory: string, files: ReadonlyMap<string, Uint8Array>, alone?: boolean): Promise<void>;
}

export type LockOptions = {
	/** Whether to create the directory when it does not exist. */
	readonly make: boolean;
	/** How long to wait for another process that has the lock. */
	readonly patienceMilliseconds: number;
	/** Called when another process has had the lock for longer than a moment. */
	onWait(): void;
};

/**
 * The lock, or the failed call: a Refusal by "open" or "lock", with ETIMEDOUT when another process kept the lock for too long.
 */
export type DirectoryLock =
	| { readonly held: true; release(): void }
	| { readonly held: false; readonly reason: Refusal };

export type Digests = { readonly modules: readonly ModuleDigest[]; readonly names: SymbolNames };
