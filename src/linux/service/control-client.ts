// The client side of a control socket: sends one line, and reads the line that answers it. Lines of progress may come before the
// answer.

import { connect, type Socket } from "node:net";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { socketPath } from "../files/disk-path.js";
import { refusalFor } from "../files/refusal.js";

const NEWLINE = 10;
/** Bytes. No agent answers with more. */
const LONGEST_ANSWER_BYTES = 2 ** 24;

/**
 * Resolves with the line that answers, without its newline.
 * @param timeoutMilliseconds from connecting to the answer
 * @param isNews whether a line is progress, and not the answer yet
 * @throws {Refusal} ENOENT or ECONNREFUSED when no process listens, ETIMEDOUT when the answer is late, ECONNRESET when the
 * connection ends without an answer, EMSGSIZE when the answer does not end
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
		if (size > LONGEST_ANSWER_BYTES) throw refuse("EMSGSIZE");
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
