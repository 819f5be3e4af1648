// A Unix stream socket on which the agent answers lines. Who may ask is checked by the mode of its directory, 0700 and root's
// own: connecting takes search permission on it, so that nobody else reaches the socket, whatever its own mode.
//
// Clients are of no account: one that sends rubbish, half a line, a line without end or nothing at all, that never reads, or
// that comes ten thousand times, costs a bounded amount of memory for a bounded time, and the others are answered meanwhile.

import { once } from "node:events";
import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import type { ControlOptions, ControlSocket } from "../../ports/control.js";
import { onDisk, socketPath } from "../files/disk-path.js";
import { isAbsent, refusalFor } from "../files/refusal.js";
import { openSyscalls } from "../native/syscalls.js";
import { ControlConnection } from "./control-connection.js";
import { readLineage, readPeer } from "./peer.js";
import { makeRunDirectory } from "./run-directory.js";

export type ControlSocketOptions = ControlOptions & {
	/** A longer line is handed over cut off one byte after that, and its answer ends the connection. */
	readonly lineBytes?: number;
	/** How long a client may owe a line, the rest of one, or the reading of an answer. */
	readonly silenceMilliseconds?: number;
	/** What close() waits for answers and for their readers. */
	readonly closingMilliseconds?: number;
};

export const controlLimits = {
	connections: 64,
	lineBytes: 65_536,
	silenceMilliseconds: 10_000,
	closingMilliseconds: 1000,
} as const;

const MODE = 0o600;

/** Listens. A socket that nobody has closed is replaced: that nobody listens on it, the caller's lock says. @throws {Refusal} */
export async function listenControl(options: ControlSocketOptions): Promise<ControlSocket> {
	const { path } = options;
	const syscalls = await openSyscalls();
	const lineage = (socket: Socket) => readLineage(readPeer(syscalls, socket));
	const limits = { ...controlLimits, ...options, lineage };
	makeRunDirectory(dirname(path));
	const connections = new Set<ControlConnection>();
	// A client may close its side for writing, as shells' clients do, and still read.
	const server = createServer({ allowHalfOpen: true }, (socket: Socket) => {
		const connection = new ControlConnection(socket, limits);
		connections.add(connection);
		socket.once("close", () => connections.delete(connection));
	});
	server.maxConnections = limits.connections;
	try {
		removeStale(path);
		server.listen({ path: socketPath("listen on", path) });
		await once(server, "listening");
		// Want of descriptors: who could not be accepted now comes again.
		server.on("error", () => {});
		chmodSync(onDisk(path), MODE);
	} catch (thrown) {
		server.close();
		throw refusalFor("listen on", path, thrown);
	}
	return { close: () => close(server, connections, limits.closingMilliseconds) };
}

function removeStale(path: string): void {
	try {
		if (lstatSync(onDisk(path)).isSocket()) unlinkSync(onDisk(path));
	} catch (thrown) {
		if (!isAbsent(thrown)) throw thrown;
	}
}

/** The socket's file goes at once. */
async function close(server: Server, connections: ReadonlySet<ControlConnection>, milliseconds: number): Promise<void> {
	if (!server.listening) return;
	const closed = once(server, "close");
	server.close();
	for (const connection of connections) connection.finish();
	const impatience = setTimeout(() => {
		for (const connection of connections) connection.destroy();
	}, milliseconds);
	await closed;
	clearTimeout(impatience);
}
