// Locks the directory that is its argument, says so, and holds the lock until its standard input ends.

import { fileURLToPath } from "node:url";
import { lockDirectory } from "../../../src/linux/depmod/directory-lock.js";

export const lockHolder = fileURLToPath(import.meta.url);

const [, script, directory = ""] = process.argv;
if (script === lockHolder) {
	const options = { make: false, patienceMilliseconds: 0, onWait: () => undefined };
	const lock = await lockDirectory(directory, options);
	console.log(lock.held ? "held" : lock.reason.message);
	process.stdin.resume();
}
