import { once } from "node:events";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import test from "ava";
import { ControlConnection } from "../../../src/linux/service/control-connection.js";
import { heard, until } from "../../support/running/until.js";

/** A client whose line was too long and was cut off; the client has its answer. */
async function cutOff(): Promise<{ readonly socket: Duplex; readonly written: readonly string[] }> {
	const written: string[] = [];
	const socket = new Duplex({
		read() {},
		write(chunk, _, done) {
			written.push(String(chunk));
			done();
		},
	});
	new ControlConnection(socket as Socket, {
		answer: async (line) => `${line.length}\n`,
		lineage: () => [],
		lineBytes: 1000,
		silenceMilliseconds: 60_000,
	});
	socket.push("x".repeat(5000));
	await until(() => socket.writableFinished);
	await heard();
	return { socket, written };
}

// The kernel resets a connection that is closed with unread data: its client may get ECONNRESET in place of the answer.
test("what follows a line that was cut off is read and dropped until the client closes", async (t) => {
	const { socket, written } = await cutOff();
	t.false(socket.destroyed);
	socket.push("x".repeat(5000));
	socket.push("5\n");
	await heard();
	t.deepEqual({ written, closed: socket.destroyed }, { written: ["1001\n"], closed: false });
	const closed = once(socket, "close");
	socket.push(null);
	await closed;
	t.deepEqual(written, ["1001\n"]);
});

test("of what follows a line that was cut off no more than a megabyte is read", async (t) => {
	const { socket, written } = await cutOff();
	t.false(socket.destroyed);
	socket.push(Buffer.alloc(2 ** 20 + 1));
	if (!socket.destroyed) await once(socket, "close");
	t.deepEqual(written, ["1001\n"]);
});
