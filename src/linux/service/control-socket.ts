// A Unix stream socket on which the agent answers lines. The mode of its directory, 0700 and owned by root, decides who may ask:
// connect(2) takes search permission on the directory, so that no other user reaches the socket, whatever the mode of the socket
// itself.
//
// Clients are not trusted. A client that sends rubbish, half a line, a line without end or nothing at all, that never reads, or
// that connects ten thousand times, costs a bounded amount of memory for a bounded time. Other clients are answered meanwhile.

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
	/** The longest line in bytes. A longer line is cut off one byte after that, and its answer ends the connection. */
	readonly lineBytes?: number;
	/** Milliseconds that a client may take to send a line, or the rest of one, or to read an answer. */
	readonly silenceMilliseconds?: number;
	/** Milliseconds that close() waits for answers to be made and read. */
	readonly closingMilliseconds?: number;
};

export const controlLimits = {
	connections: 64,
	lineBytes: 65_536,
	silenceMilliseconds: 10_000,
	closingMilliseconds: 1000,
} as const;

const MODE = 0o600;

/**
 * Listens. A stale socket file is replaced: the caller must hold a lock, which says that no other process listens there.
 * @throws {Refusal}
 */
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
		// accept(2) fails for want of file descriptors: the client tries again.
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

/** Removes the socket's file at once, then lets the connections finish. */
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
