// One agent over one run directory: flock(2), which ends with the process, however that ends.

import { constants as file, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { Refusal } from "../libkmod/kernel.js";
import { closeQuietly } from "./descriptor.js";
import { onDisk } from "./disk-path.js";
import { attempt } from "./refusal.js";
import { makeRunDirectory } from "./run-directory.js";
import { LOCK_EX, LOCK_NB, LOCK_UN, openSyscalls } from "./syscalls.js";

/** The lock, or whose it is: the file names its process. */
export type InstanceLock =
	| { readonly held: true; release(): void }
	| { readonly held: false; readonly file: string; readonly pid: number | undefined };

/** Takes the file "lock" of the directory, which is made where there is none. @throws {Refusal} */
export async function lockInstance(runDirectory: string): Promise<InstanceLock> {
	makeRunDirectory(runDirectory);
	const path = join(runDirectory, "lock");
	const { lockFile, errnoName } = await openSyscalls();
	const fd = attempt("open", path, () => openSync(onDisk(path), file.O_RDWR | file.O_CREAT | file.O_NOFOLLOW, 0o600));
	const { result, errno } = lockFile(fd, LOCK_EX | LOCK_NB);
	if (result < 0) {
		const pid = attempt("read", path, () => parsePid(readFileSync(fd, "latin1")));
		closeQuietly(fd);
		if (errno === constants.errno.EWOULDBLOCK) return { held: false, file: path, pid };
		throw new Refusal("lock", path, errnoName(errno), errno);
	}
	attempt("write to", path, () => {
		ftruncateSync(fd);
		writeSync(fd, `${process.pid}\n`, 0);
	});
	return {
		held: true,
		// The file stays: who removed it might remove what another one has locked since.
		release() {
			// A child that another thread is beginning has the file open, too, until it runs its own program.
			lockFile(fd, LOCK_UN);
			closeQuietly(fd);
		},
	};
}

function parsePid(text: string): number | undefined {
	return /^[1-9]\d{0,9}\n$/.test(text) ? Number(text) : undefined;
}
