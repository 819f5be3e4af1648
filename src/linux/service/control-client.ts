// The other end of a control socket: one line, and the line that answers it, maybe after others that tell how it goes.

import { connect, type Socket } from "node:net";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { socketPath } from "../files/disk-path.js";
import { refusalFor } from "../files/refusal.js";

const NEWLINE = 10;
/** More is no answer of an agent. */
const LONGEST_ANSWER = 2 ** 24;

/**
 * @param timeoutMilliseconds for all of it.
 * @param isNews whether a line is not the answer yet. @throws {Refusal} ENOENT and ECONNREFUSED where nobody listens, ETIMEDOUT where
 * nobody answers in time, ECONNRESET where the connection ends without an answer, EMSGSIZE where that does not end.
 */
export async function ask(
	path: string,
	line: string,
	timeoutMilliseconds: number,
	isNews: (line: Buffer) => boolean = () => false,
): Promise<Buffer> {
	const socket = connect({ path: socketPath("ask", path) });
	const refuse = (code: "ETIMEDOUT" | "ECONNRESET" | "EMSGSIZE") =>
		new Refusal({ operation: "ask", subject: path, code });
	const impatience = setTimeout(() => socket.destroy(refuse("ETIMEDOUT")), timeoutMilliseconds);
	try {
		socket.write(line, "latin1");
		return await readLine(socket, isNews, refuse);
	} catch (thrown) {
		throw refusalFor("ask", path, thrown);
	} finally {
		clearTimeout(impatience);
		socket.destroy();
	}
}

async function readLine(
	socket: Socket,
	isNews: (line: Buffer) => boolean,
	refuse: (code: "ECONNRESET" | "EMSGSIZE") => Refusal,
): Promise<Buffer> {
	let chunks: Buffer[] = [];
	let size = 0;
	for await (const chunk of socket as AsyncIterable<Buffer>) {
		size += chunk.length;
		if (size > LONGEST_ANSWER) throw refuse("EMSGSIZE");
		let rest = chunk;
		for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
			const line = Buffer.concat([...chunks, rest.subarray(0, end)]);
			if (!isNews(line)) return line;
			chunks = [];
			rest = rest.subarray(end + 1);
		}
		chunks.push(rest);
	}
	throw refuse("ECONNRESET");
}
