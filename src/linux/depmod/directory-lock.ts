// The lock that admits one writer to a directory: flock(2) on the directory itself, which leaves no file behind and is released
// when the process ends. Every process that may read the directory may lock it, so waiting for the lock has a timeout.

import { constants as file, fstatSync, mkdirSync, openSync, type Stats, statSync } from "node:fs";
import { constants } from "node:os";
import type { DirectoryLock, LockOptions } from "../../libkmod/depmod/module-tree.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { closeQuietly } from "../files/descriptor.js";
import { onDisk } from "../files/disk-path.js";
import { refusalFor } from "../files/refusal.js";
import { LOCK_EX, LOCK_NB, LOCK_UN, openSyscalls, type Syscalls } from "../native/syscalls.js";

/** Milliseconds between two tries. */
const PAUSE_MILLISECONDS = 50;
/** Milliseconds of waiting after which `onWait` is called. */
const SHORT_WAIT_MILLISECONDS = 1000;

/**
 * Resolves without the lock when it cannot be taken: the reason is the Refusal of the call that failed, ETIMEDOUT when another
 * process keeps the lock for too long.
 */
export async function lockDirectory(path: string, options: LockOptions): Promise<DirectoryLock> {
	try {
		if (options.make) mkdirSync(onDisk(path), { recursive: true, mode: 0o755 });
		// A first try, so that koffi, which flock(2) needs, is not loaded for a directory that cannot be opened.
		closeQuietly(openDirectory(path));
	} catch (thrown) {
		return { held: false, reason: refusalFor("open", path, thrown) };
	}
	try {
		return await waitForLock(path, options, await openSyscalls());
	} catch (thrown) {
		return { held: false, reason: reasonOf(path, thrown) };
	}
}

async function waitForLock(path: string, options: LockOptions, syscalls: Syscalls): Promise<DirectoryLock> {
	const begin = performance.now();
	let told = false;
	for (;;) {
		const lock = tryLock(path, syscalls);
		if (lock !== undefined) return lock;
		const waited = performance.now() - begin;
		if (waited >= options.patienceMilliseconds)
			throw new Refusal({ operation: "lock", subject: path, code: "ETIMEDOUT" });
		if (!told && waited >= SHORT_WAIT_MILLISECONDS) {
			told = true;
			options.onWait();
		}
		await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
	}
}

/** Undefined when another process has the lock. */
function tryLock(path: string, { lockFile, errnoName }: Syscalls): DirectoryLock | undefined {
	const fd = openDirectory(path);
	try {
		const { result, errno } = lockFile(fd, LOCK_EX | LOCK_NB);
		if (result === 0 && isStill(path, fstatSync(fd))) {
			return {
				held: true,
				release() {
					// Unlocked before it is closed: a child that another thread is starting inherits the open directory until its
					// execve(2).
					lockFile(fd, LOCK_UN);
					closeQuietly(fd);
				},
			};
		}
		if (result < 0 && errno !== constants.errno.EWOULDBLOCK && errno !== constants.errno.EINTR)
			throw new Refusal({ operation: "lock", subject: path, code: errnoName(errno), errno });
	} catch (thrown) {
		closeQuietly(fd);
		throw thrown;
	}
	closeQuietly(fd);
	return undefined;
}

const openDirectory = (path: string): number => openSync(onDisk(path), file.O_RDONLY | file.O_DIRECTORY);

/** Whether the path still leads to the locked directory: another directory may have been renamed to it meanwhile. */
function isStill(path: string, { dev, ino }: Stats): boolean {
	const found = statSync(onDisk(path));
	return found.dev === dev && found.ino === ino;
}

function reasonOf(path: string, thrown: unknown): Refusal {
	const { errno } = thrown as NodeJS.ErrnoException;
	if (thrown instanceof Refusal || typeof errno === "number") return refusalFor("lock", path, thrown);
	// koffi is not built for this machine.
	return new Refusal({ operation: "lock", subject: path, code: "ENOSYS", cause: thrown });
}
