// An empty file that says by its presence alone that something is so: udev's rules can ask for that (TEST).
import { constants, openSync, rmSync } from "node:fs";
import { closeQuietly } from "./descriptor.js";
import { onDisk } from "./disk-path.js";
import { refusalFor } from "./refusal.js";

/** A link that stands there leads to a file of somebody else's. */
const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;

/** Makes it, or removes it; neither fails where it is so already. @throws {Refusal} */
export function mark(path: string, present: boolean): void {
	try {
		if (present) closeQuietly(openSync(onDisk(path), FLAGS, 0o644));
		else rmSync(onDisk(path), { force: true });
	} catch (thrown) {
		throw refusalFor(present ? "write" : "remove", path, thrown);
	}
}
