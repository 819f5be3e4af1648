// The port for trees of module files: what depmod asks of a machine beside its small files. `src/linux/depmod/module-tree.ts` is the
// real one.

import type { Refusal } from "../kernel/kernel.js";
import type { ModuleDigest } from "./module-digest.js";
import type { SymbolNames } from "./symbol-names.js";

/** What a walk has found, and what it could not look at. */
export type Walk = {
	/** Paths of files, relative to where the walk began, symbolic links followed. */
	readonly files: readonly string[];
	readonly failures: readonly WalkFailure[];
};

/** A directory that cannot be read, a link to nowhere, or something that is neither file nor directory. */
export type WalkFailure = {
	readonly path: string;
	/** "open" for a directory, "stat" for what a link leads to, "use" for what is neither file nor directory. */
	readonly operation: string;
	readonly code: string;
	readonly errno: number;
};

export interface ModuleTree {
	/**
	 * The files below a directory whose names are wanted. Files and directories that are passed over are not even looked at.
	 * @throws {Refusal} where the directory itself cannot be read
	 */
	walk(directory: string, wanted: (name: string) => boolean, passedOver: (name: string) => boolean): Walk;
	/** Reads module files, whatever they are compressed by: `paths` absolute, or relative to the directory. */
	digest(directory: string, paths: readonly string[]): Promise<Digests>;
	/** When a file was last written: nanoseconds since 1970. Undefined where there is none. @throws {Refusal} for every other reason */
	modified(path: string): bigint | undefined;
	/** Keeps other depmods out of a directory for as long as this process lives. Resolves, too, where it cannot be had. */
	lock(directory: string, options: LockOptions): Promise<DirectoryLock>;
	/**
	 * Writes files into a directory, which is made where there is none: each appears whole or not at all, and if one cannot
	 * be written the old ones stay. They are on the disk when it resolves. Rejects with a Refusal.
	 * @param alone whether the directory is locked, so that all drafts in it are of processes that have gone
	 */
	publish(directory: string, files: ReadonlyMap<string, Uint8Array>, alone?: boolean): Promise<void>;
}

export type LockOptions = {
	/** Whether the directory is made where there is none. */
	readonly make: boolean;
	/** How long another one that has the lock is waited for. */
	readonly patienceMilliseconds: number;
	/** Another one has it, for longer than a moment. */
	onWait(): void;
};

/** The lock; or which call failed by "open" or "lock", with ETIMEDOUT where another one has had it for too long. */
export type DirectoryLock =
	| { readonly held: true; release(): void }
	| { readonly held: false; readonly reason: Refusal };

export type Digests = { readonly modules: readonly ModuleDigest[]; readonly names: SymbolNames };
