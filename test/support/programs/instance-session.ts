// Takes the lock of the run directory that is its argument, prints the result as JSON, and holds the lock until its standard
// input ends.

import { fileURLToPath } from "node:url";
import { lockInstance } from "../../../src/linux/service/instance-lock.js";

export const instanceSession = fileURLToPath(import.meta.url);

const [, script, directory = ""] = process.argv;
if (script === instanceSession) {
	console.log(JSON.stringify(await lockInstance(directory)));
	process.stdin.resume();
}
