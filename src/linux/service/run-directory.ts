// The directory of an agent's sockets and lock, such as /run/hotplugd. Its mode decides who may control the agent: mode 0700
// admits only the directory's owner and root.

import { chmodSync, lstatSync, mkdirSync } from "node:fs";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { onDisk } from "../files/disk-path.js";
import { refusalFor } from "../files/refusal.js";

const FOR_OTHERS = 0o077;
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Makes the directory if it does not exist. A directory that other users may read is closed to them.
 * @throws {Refusal} also when the path is no directory (ENOTDIR), belongs to another user (EPERM), or is writable by others, who
 * may have put files into it (EACCES)
 */
export function makeRunDirectory(path: string): void {
	try {
		makeDirectory(path);
		const found = lstatSync(onDisk(path));
		if (!found.isDirectory()) throw refuse(path, "ENOTDIR");
		if (found.uid !== process.geteuid?.()) throw refuse(path, "EPERM");
		if (found.mode & WRITABLE_BY_OTHERS) throw refuse(path, "EACCES");
		if (found.mode & FOR_OTHERS) chmodSync(onDisk(path), 0o700);
	} catch (thrown) {
		throw refusalFor("make", path, thrown);
	}
}

/**
 * Tries the directory alone first, since its parents mostly exist: for a recursive mkdir, node reports any failure of the last
 * directory as ENOENT.
 */
function makeDirectory(path: string): void {
	try {
		mkdirSync(onDisk(path), { mode: 0o700 });
	} catch (thrown) {
		const { code } = thrown as NodeJS.ErrnoException;
		if (code === "ENOENT") mkdirSync(onDisk(path), { recursive: true, mode: 0o700 });
		else if (code !== "EEXIST") throw thrown;
	}
}

function refuse(path: string, code: "ENOTDIR" | "EPERM" | "EACCES"): Refusal {
	return new Refusal({ operation: "trust", subject: path, code });
}
