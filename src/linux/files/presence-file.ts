// An empty file that signals a state by its presence alone: udev's rules can test for a file (TEST).
import { constants, openSync, rmSync } from "node:fs";
import { closeQuietly } from "./descriptor.js";
import { onDisk } from "./disk-path.js";
import { refusalFor } from "./refusal.js";

/** O_NOFOLLOW, since a symbolic link at the path may point to a file of another program. */
const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;

/** Makes the file, or removes it. Neither fails when the file is, or is not, there already. @throws {Refusal} */
export function mark(path: string, present: boolean): void {
	try {
		if (present) closeQuietly(openSync(onDisk(path), FLAGS, 0o644));
		else rmSync(onDisk(path), { force: true });
	} catch (thrown) {
		throw refusalFor(present ? "write" : "remove", path, thrown);
	}
}
