// The directory of an agent's sockets and its lock, such as /run/hotplugd. Its mode is the check of who may control the agent:
// mode 0700 keeps everybody out but the user it belongs to, and root.

import { chmodSync, lstatSync, mkdirSync } from "node:fs";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { onDisk } from "../files/disk-path.js";
import { refusalFor } from "../files/refusal.js";

const FOR_OTHERS = 0o077;
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Makes it where there is none. One that others may read is closed to them. @throws {Refusal} also where it is no directory
 * (ENOTDIR), another user's (EPERM), or such that others may have put things into it (EACCES).
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

/** Those above it are mostly there. Asked for several at once, node says ENOENT for whatever keeps it from making the last one. */
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
