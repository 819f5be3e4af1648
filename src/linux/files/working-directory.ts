// The working directory of this process, as get_current_dir_name(3) names it.

import { statSync } from "node:fs";
import { readEnvironment, readWorkingDirectory } from "../process/process-words.js";
import { onDisk } from "./disk-path.js";

/** $PWD when it is the working directory, since the shell's name may go through symbolic links. Otherwise the kernel's name. */
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
