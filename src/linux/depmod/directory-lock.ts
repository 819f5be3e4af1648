// One writer of a directory: flock(2) on the directory itself, which leaves no file behind and ends with the process. Whoever may
// read a directory may lock it, so that nobody waits for the lock without an end.

import { constants as file, fstatSync, mkdirSync, openSync, type Stats, statSync } from "node:fs";
import { constants } from "node:os";
import type { DirectoryLock, LockOptions } from "../../libkmod/depmod/module-tree.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { closeQuietly } from "../files/descriptor.js";
import { onDisk } from "../files/disk-path.js";
import { refusalFor } from "../files/refusal.js";
import { LOCK_EX, LOCK_NB, LOCK_UN, openSyscalls, type Syscalls } from "../native/syscalls.js";

/** Between two tries, in milliseconds. */
const PAUSE = 50;
/** Of a shorter wait, in milliseconds, nobody is told. */
const SHORT_WAIT = 1000;

/** Resolves without the lock where it cannot be had: which call failed, and why; ETIMEDOUT where another one keeps it for too long. */
export async function lockDirectory(path: string, options: LockOptions): Promise<DirectoryLock> {
	try {
		if (options.make) mkdirSync(onDisk(path), { recursive: true, mode: 0o755 });
		// Tried first: for a directory that cannot be opened koffi, which has flock(2), is not loaded.
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
		if (!told && waited >= SHORT_WAIT) {
			told = true;
			options.onWait();
		}
		await new Promise((resolve) => setTimeout(resolve, PAUSE));
	}
}

/** Undefined where another process has it. */
function tryLock(path: string, { lockFile, errnoName }: Syscalls): DirectoryLock | undefined {
	const fd = openDirectory(path);
	try {
		const { result, errno } = lockFile(fd, LOCK_EX | LOCK_NB);
		if (result === 0 && isStill(path, fstatSync(fd))) {
			return {
				held: true,
				release() {
					// A child that another thread is beginning has it open, too, until it runs its own program.
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

/** Whether the path leads to the locked directory yet: another one may have been renamed to it meanwhile. */
function isStill(path: string, { dev, ino }: Stats): boolean {
	const found = statSync(onDisk(path));
	return found.dev === dev && found.ino === ino;
}

function reasonOf(path: string, thrown: unknown): Refusal {
	const { errno } = thrown as NodeJS.ErrnoException;
	if (thrown instanceof Refusal || typeof errno === "number") return refusalFor("lock", path, thrown);
	// koffi is not made for this machine.
	return new Refusal({ operation: "lock", subject: path, code: "ENOSYS", cause: thrown });
}
