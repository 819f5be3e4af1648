// Sends SIGUSR1 to an agent of its own. The result is printed as JSON.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { mountDevices, startDaemon } from "../running/agent-session.js";
import { formatUevent, injectUevents } from "../running/uevent-injector.js";

export const sigusr1Session = fileURLToPath(import.meta.url);

/** TCP sockets of this network namespace, one row each (/proc/net/tcp and tcp6). */
const listSockets = (): string[] =>
	["tcp", "tcp6"].flatMap((name) => readFileSync(`/proc/self/net/${name}`, "utf8").split("\n").slice(1, -1));

async function session(): Promise<unknown> {
	mountDevices();
	const daemon = await startDaemon({ modules: { a: [] }, aliases: { "x:a": "a" } });
	for (let time = 0; time < 3; time++) daemon.process.kill("SIGUSR1");
	// The uevent comes after the signals: when its module is inserted, an open debugger would have announced itself.
	injectUevents([formatUevent("add", "/devices/a", [["MODALIAS", "x:a"]])]);
	await daemon.until(() => daemon.inserted().length === 1);
	const sockets = listSockets();
	return { ...(await daemon.stop()), sockets, inserted: daemon.inserted() };
}

if (process.argv[1] === sigusr1Session) console.log(JSON.stringify(await session()));
