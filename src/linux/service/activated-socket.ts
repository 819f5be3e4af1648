// Socket activation: the connection that a service manager started this process for, as sd_listen_fds(3) passes it: file
// descriptor 3 and the variables LISTEN_FDS and LISTEN_PID.

import { Socket } from "node:net";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import type { Connection } from "../../ports/control.js";

type Environment = Record<string, string | undefined>;

const FIRST_DESCRIPTOR = 3;
const PATIENCE_MILLISECONDS = 10_000;
const NEWLINE = 10;

/**
 * Takes the variables out of the environment, so that children do not see them.
 * @throws {Refusal} ENOTCONN unless a service manager has passed exactly one connection
 */
export function acceptConnection(environment: Environment = process.env): Connection {
	const { LISTEN_FDS, LISTEN_PID } = environment;
	for (const variable of ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"]) delete environment[variable];
	if (LISTEN_FDS !== "1" || LISTEN_PID !== `${process.pid}`)
		throw new Refusal({ operation: "accept", subject: "a connection", code: "ENOTCONN" });
	const socket = new Socket({ fd: FIRST_DESCRIPTOR, readable: true, writable: true, allowHalfOpen: true });
	// allowHalfOpen: a client may close its side for writing and still read. A client that has gone gets no answer, and no error is
	// raised.
	socket.on("error", () => {});
	return {
		readLine: (longest) => readLine(socket, longest),
		tell(text) {
			if (socket.writable) socket.write(text, "latin1");
		},
		answer: (text) => answer(socket, text),
	};
}

function readLine(socket: Socket, longest: number): Promise<Buffer | undefined> {
	return new Promise((resolve) => {
		let read = Buffer.alloc(0);
		const finish = (line: Buffer | undefined) => {
			clearTimeout(impatience);
			socket.off("data", take).pause();
			resolve(line);
		};
		const take = (chunk: Buffer) => {
			read = Buffer.concat([read, chunk]);
			const end = read.indexOf(NEWLINE);
			if (end >= 0 || read.length > longest)
				finish(read.subarray(0, Math.min(end < 0 ? longest + 1 : end, longest + 1)));
		};
		const impatience = setTimeout(() => finish(undefined), PATIENCE_MILLISECONDS);
		socket.on("data", take);
		socket.once("close", () => finish(undefined));
		socket.once("end", () => finish(undefined));
	});
}

function answer(socket: Socket, text: string): Promise<void> {
	return new Promise((resolve) => {
		socket.once("close", () => resolve());
		if (socket.destroyed) resolve();
		else socket.end(text, "latin1", () => socket.destroy());
	});
}
