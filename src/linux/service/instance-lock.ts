// The lock that keeps two agents from one run directory: flock(2), which the kernel releases when the process ends, however it
// ends.

import { constants as file, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import type { InstanceLock } from "../../ports/service.js";
import { closeQuietly } from "../files/descriptor.js";
import { onDisk } from "../files/disk-path.js";
import { orRefuse } from "../files/refusal.js";
import { LOCK_EX, LOCK_NB, LOCK_UN, openSyscalls } from "../native/syscalls.js";
import { makeRunDirectory } from "./run-directory.js";

/** Locks the file "lock" in the run directory. Makes the directory if it does not exist. @throws {Refusal} */
export async function lockInstance(runDirectory: string): Promise<InstanceLock> {
	makeRunDirectory(runDirectory);
	const path = join(runDirectory, "lock");
	const { lockFile, errnoName } = await openSyscalls();
	const fd = orRefuse("open", path, () => openSync(onDisk(path), file.O_RDWR | file.O_CREAT | file.O_NOFOLLOW, 0o600));
	// The file is not removed: another process may have locked it since.
	const release = (): void => {
		// Unlocked before it is closed: a child that another thread is starting inherits the open file until its execve(2).
		lockFile(fd, LOCK_UN);
		closeQuietly(fd);
	};
	let held = false;
	try {
		const { result, errno } = lockFile(fd, LOCK_EX | LOCK_NB);
		if (result === 0) {
			orRefuse("write to", path, () => writeOwnPid(fd));
			held = true;
			return { held, release };
		}
		if (errno !== constants.errno.EWOULDBLOCK)
			throw new Refusal({ operation: "lock", subject: path, code: errnoName(errno), errno });
		return { held, file: path, pid: orRefuse("read", path, () => readPid(fd)) };
	} finally {
		if (!held) release();
	}
}

function writeOwnPid(fd: number): void {
	ftruncateSync(fd);
	writeSync(fd, `${process.pid}\n`, 0);
}

function readPid(fd: number): number | undefined {
	const longest = Buffer.alloc(16);
	return parsePid(longest.toString("latin1", 0, readSync(fd, longest, 0, longest.length, 0)));
}

function parsePid(text: string): number | undefined {
	return /^[1-9]\d{0,9}\n$/.test(text) ? Number(text) : undefined;
}
