// An empty file that says by its presence alone that something is so: udev's rules can ask for that (TEST).
import { closeSync, openSync, rmSync } from "node:fs";
import { refusalFor } from "./refusal.js";

/** Makes it, or removes it; neither fails where it is so already. @throws {Refusal} */
export function mark(path: string, present: boolean): void {
	try {
		if (present) closeSync(openSync(path, "w", 0o644));
		else rmSync(path, { force: true });
	} catch (thrown) {
		throw refusalFor(present ? "write" : "remove", path, thrown);
	}
}
