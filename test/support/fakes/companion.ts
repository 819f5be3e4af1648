// The companion, as systemd would start it: the executable is started for each connection to a socket and gets the connection
// as file descriptor 3.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { text } from "node:stream/consumers";

export type Companion = {
	readonly path: string;
	/** Standard output, standard error and exit status of each process that was started, in the order of their ends. */
	readonly ends: { readonly status: number | null; readonly stdout: string; readonly stderr: string }[];
	/** Stops listening. Resolves when all processes have ended. */
	close(): Promise<void>;
};

/** Listens on the socket `path`. @param words the words after `hotplugd run-install-command` */
export async function serveCompanion(path: string, words: readonly string[]): Promise<Companion> {
	const ends: Companion["ends"] = [];
	const running = new Set<Promise<void>>();
	// The socket is passed on to the child process, so this process must not read from it.
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
