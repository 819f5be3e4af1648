// The other end of a control socket: one line, and the line that answers it.

import { connect, type Socket } from "node:net";
import { constants } from "node:os";
import { Refusal } from "../libkmod/kernel.js";
import { refusalFor } from "./refusal.js";

const NEWLINE = 10;
/** More is no answer of an agent. */
const LONGEST_ANSWER = 2 ** 24;

/**
 * @param timeoutMilliseconds for all of it. @throws {Refusal} ENOENT and ECONNREFUSED where nobody listens, ETIMEDOUT where
 * nobody answers in time, ECONNRESET where the connection ends without an answer, EMSGSIZE where that does not end.
 */
export async function ask(path: string, line: string, timeoutMilliseconds: number): Promise<Buffer> {
	const socket = connect({ path });
	const refuse = (code: "ETIMEDOUT" | "ECONNRESET" | "EMSGSIZE") =>
		new Refusal("ask", path, code, constants.errno[code]);
	const impatience = setTimeout(() => socket.destroy(refuse("ETIMEDOUT")), timeoutMilliseconds);
	try {
		socket.write(line);
		return await readLine(socket, refuse);
	} catch (thrown) {
		throw refusalFor("ask", path, thrown);
	} finally {
		clearTimeout(impatience);
		socket.destroy();
	}
}

async function readLine(socket: Socket, refuse: (code: "ECONNRESET" | "EMSGSIZE") => Refusal): Promise<Buffer> {
	const chunks: Buffer[] = [];
	let size = 0;
	for await (const chunk of socket as AsyncIterable<Buffer>) {
		const end = chunk.indexOf(NEWLINE);
		chunks.push(end < 0 ? chunk : chunk.subarray(0, end));
		if (end >= 0) return Buffer.concat(chunks);
		size += chunk.length;
		if (size > LONGEST_ANSWER) throw refuse("EMSGSIZE");
	}
	throw refuse("ECONNRESET");
}
