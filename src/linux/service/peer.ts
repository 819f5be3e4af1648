// Who is at the other end of a Unix socket, by SO_PEERCRED (unix(7)): the process that connected; and whose child that is, by
// /proc/PID/stat (proc(5)). A /proc that hides processes (hidepid, systemd's ProtectProc=) shows all of them to root's group, whatever
// capabilities are left.

import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import type { Syscalls } from "../native/syscalls.js";

const SOL_SOCKET = 1;
/** PowerPC numbers it apart. */
const SO_PEERCRED = process.arch === "ppc64" ? 21 : 17;
/** struct ucred: pid, uid and gid. */
const UCRED_INTS = 3;
/** More generations are no real ones. */
const MOST_GENERATIONS = 256;

/** Undefined where that cannot be told: the socket is closed, or its process is in no namespace of ours. */
export function readPeer({ getSocketOption }: Syscalls, socket: Socket): number | undefined {
	// node gives a socket's descriptor to nobody.
	const { _handle: handle } = socket as { _handle?: { readonly fd?: number } | null };
	if (handle?.fd === undefined || handle.fd < 0) return undefined;
	const credentials = new Int32Array(UCRED_INTS);
	const { result } = getSocketOption(handle.fd, SOL_SOCKET, SO_PEERCRED, Buffer.from(credentials.buffer));
	return result < 0 || credentials[0] === 0 ? undefined : credentials[0];
}

/**
 * The process and its parents but init, and the sessions that they are in: a process whose parent has ended is init's child, and
 * still in its session. What cannot be read, because it has ended say, ends the list.
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
		// The name, which comes before, may hold anything.
		const [, , parent, , session] = text.slice(text.lastIndexOf(")") + 1).split(" ");
		return { parent: Number(parent), session: Number(session) };
	} catch {
		return { parent: 0, session: 0 };
	}
}
