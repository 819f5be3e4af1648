// A folder in a memory file system for the temporary directories of one test run: on a disk, making and removing them takes a
// tenth of the tests' time. The folder is removed when the run ends, in whatever way.
import { spawn } from "node:child_process";
import { accessSync, chmodSync, constants, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { freemem } from "node:os";
import { join } from "node:path";

/** Bytes: the disks of two virtual machines, to which little is written, and everything else. */
const NEEDED_BYTES = 2 * 1024 ** 3;

/**
 * Makes the folder. Its path is short, since the tests make sockets below it.
 * @param memory a directory in a memory file system
 * @param neededBytes room that must be free there
 * @returns the folder. Undefined when there is no such directory, too little room, or programs cannot run from there.
 */
export function makeTestFolder(memory = "/dev/shm", neededBytes = NEEDED_BYTES) {
	let folder;
	try {
		const { bavail, bsize } = statfsSync(memory);
		// The free memory counts as well: several memory file systems may each be allowed half of the machine's memory.
		if (Math.min(bavail * bsize, freemem()) < neededBytes) return undefined;
		folder = mkdtempSync(join(memory, "tests-"));
		// Every user may write here, as in /tmp.
		chmodSync(folder, 0o1777);
		const program = join(folder, "program");
		writeFileSync(program, "", { mode: 0o700 });
		accessSync(program, constants.X_OK);
		rmSync(program);
		if (removeAtEnd(folder)) return folder;
	} catch {
		// The tests also run on a disk.
	}
	if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
	return undefined;
}

/**
 * sh that removes the folder when its standard input ends, whatever signal ends this process. It tries for a minute: a process
 * that is being killed may still write there.
 */
const remover = 'read -r _; for _ in $(seq 60); do rm -rf "$0" && exit; sleep 1; done';

function removeAtEnd(folder) {
	// A session of its own, which Control-C does not reach.
	const child = spawn("sh", ["-c", remover, folder], { detached: true, cwd: "/", stdio: ["pipe", "ignore", "ignore"] });
	child.on("error", () => {});
	child.unref();
	child.stdin.unref();
	return child.pid !== undefined;
}
