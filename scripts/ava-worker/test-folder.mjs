// The folder in memory where one run of the tests has its temporary directories: on a disk, making and removing them is a tenth
// of what the tests cost. It goes when the run does, however that ends.
import { spawn } from "node:child_process";
import { accessSync, chmodSync, constants, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { freemem } from "node:os";
import { join } from "node:path";

/** Bytes: two virtual machines' disks, which are written to a little, and the rest. */
const NEEDED = 2 * 1024 ** 3;

/**
 * Makes the folder, as short a path as may be, since the tests make sockets below it.
 * @param memory a file system in memory
 * @param needed bytes of room there
 * @returns nothing where there is no such place, or too little room, or programs do not run from there
 */
export function makeTestFolder(memory = "/dev/shm", needed = NEEDED) {
	let folder;
	try {
		const { bavail, bsize } = statfsSync(memory);
		// As many programs as like may each take half of the machine's memory for their file systems.
		if (Math.min(bavail * bsize, freemem()) < needed) return undefined;
		folder = mkdtempSync(join(memory, "tests-"));
		// Open to everybody, as /tmp is.
		chmodSync(folder, 0o1777);
		const program = join(folder, "program");
		writeFileSync(program, "", { mode: 0o700 });
		accessSync(program, constants.X_OK);
		rmSync(program);
		if (removeAtEnd(folder)) return folder;
	} catch {
		// The tests run as well on a disk.
	}
	if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
	return undefined;
}

/** Removes it when its standard input ends, which no signal to this process hinders; who was just killed may still write there. */
const remover = 'read -r _; for _ in $(seq 60); do rm -rf "$0" && exit; sleep 1; done';

function removeAtEnd(folder) {
	// In a session of its own, where no Control-C reaches it.
	const child = spawn("sh", ["-c", remover, folder], { detached: true, cwd: "/", stdio: ["pipe", "ignore", "ignore"] });
	child.on("error", () => {});
	child.unref();
	child.stdin.unref();
	return child.pid !== undefined;
}
