// The directory that this process works in, as get_current_dir_name(3) names it.

import { statSync } from "node:fs";
import { readEnvironment, readWorkingDirectory } from "../process/process-words.js";
import { onDisk } from "./disk-path.js";

/** The shell's own name for it, by way of links say, where the environment has one that is right. */
export function workingDirectory(): string {
	const { PWD } = readEnvironment({ PWD: process.env.PWD });
	return PWD?.startsWith("/") && isHere(PWD) ? PWD : readWorkingDirectory();
}

function isHere(path: string): boolean {
	try {
		const [there, here] = [statSync(onDisk(path), { bigint: true }), statSync(".", { bigint: true })];
		return there.ino === here.ino && there.dev === here.dev;
	} catch {
		return false;
	}
}
