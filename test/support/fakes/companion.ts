// The companion, as systemd would start it: the executable for each connection to a socket, which it is passed as descriptor 3.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { text } from "node:stream/consumers";

export type Companion = {
	readonly path: string;
	/** What each that was started wrote and how it ended, in the order in which they ended. */
	readonly ends: { readonly status: number | null; readonly stdout: string; readonly stderr: string }[];
	/** Resolves when nobody connects any more, and all have ended. */
	close(): Promise<void>;
};

/** @param words for `hotplugd run-install-command` */
export async function serveCompanion(path: string, words: readonly string[]): Promise<Companion> {
	const ends: Companion["ends"] = [];
	const running = new Set<Promise<void>>();
	// What the kernel passes on must not be read here.
	const server = createServer({ pauseOnConnect: true }, (socket) => {
		const script = 'LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=connection exec "$@"';
		const command = [process.execPath, "dist/main.js", "run-install-command", ...words];
		const child = spawn("sh", ["-c", script, "sh", ...command], { stdio: ["ignore", "pipe", "pipe", socket] });
		const end = note(child, ends).finally(() => running.delete(end));
		running.add(end);
		child.once("spawn", () => socket.destroy());
	});
	await once(server.listen(path), "listening");
	return {
		path,
		ends,
		async close() {
			server.close();
			await Promise.all(running);
		},
	};
}

async function note(child: ChildProcess, ends: Companion["ends"]): Promise<void> {
	const ended = once(child, "exit");
	const [stdout, stderr] = await Promise.all([text(child.stdout!), text(child.stderr!)]);
	const [status] = await ended;
	ends.push({ status, stdout, stderr });
}
