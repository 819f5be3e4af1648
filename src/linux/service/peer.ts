// The peer of a Unix socket: the process that connected, by SO_PEERCRED (unix(7)), and its parents, by /proc/PID/stat (proc(5)).
// A /proc that hides processes (hidepid, systemd's ProtectProc=) shows all of them to the group root, whatever capabilities this
// process has left.

import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import type { Syscalls } from "../native/syscalls.js";

const SOL_SOCKET = 1;
/** PowerPC has a number of its own. */
const SO_PEERCRED = process.arch === "ppc64" ? 21 : 17;
/** struct ucred: pid, uid and gid. */
const UCRED_INTS = 3;
/** No real process has more ancestors: a bound for a list of parents that changes while it is read. */
const MOST_GENERATIONS = 256;

/**
 * The pid of the process that connected. Undefined when the socket is closed, or the process has no pid in this process's pid
 * namespace.
 */
export function readPeer({ getSocketOption }: Syscalls, socket: Socket): number | undefined {
	// node has no public way to a socket's file descriptor.
	const { _handle: handle } = socket as { _handle?: { readonly fd?: number } | null };
	if (handle?.fd === undefined || handle.fd < 0) return undefined;
	const credentials = new Int32Array(UCRED_INTS);
	const { result } = getSocketOption(handle.fd, SOL_SOCKET, SO_PEERCRED, Buffer.from(credentials.buffer));
	return result < 0 || credentials[0] === 0 ? undefined : credentials[0];
}

/**
 * The pids of a process and its ancestors without init, and the ids of their sessions. The sessions are needed because a process
 * whose parent has ended becomes a child of init, but stays in its session. The list ends at a process that cannot be read, for
 * example because it has ended.
 */
export function readLineage(pid: number | undefined): number[] {
	const lineage = new Set<number>();
	for (let one = pid ?? 0; one > 1 && lineage.size < MOST_GENERATIONS; ) {
		lineage.add(one);
		const { parent, session } = readStat(one);
		if (session > 1) lineage.add(session);
		one = parent;
	}
	return [...lineage];
}

function readStat(pid: number): { readonly parent: number; readonly session: number } {
	try {
		const text = readFileSync(`/proc/${pid}/stat`, "latin1");
		// The process name comes before these fields, and may contain any character, ")" included.
		const [, , parent, , session] = text.slice(text.lastIndexOf(")") + 1).split(" ");
		return { parent: Number(parent), session: Number(session) };
	} catch {
		return { parent: 0, session: 0 };
	}
}
