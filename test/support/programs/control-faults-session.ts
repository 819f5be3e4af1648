// Runs a daemon and is a misbehaving client of it, or starts a second daemon. The argument names the session; the result is
// printed as JSON.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { addDevice, type Daemon, mountDevices, startDaemon } from "../running/agent-session.js";
import { formatUevent, injectUevents } from "../running/uevent-injector.js";

export const controlFaultsSession = fileURLToPath(import.meta.url);

const world = {
	modules: { first: [], second: [], late: [] },
	aliases: { "pci:first": "first", "pci:second": "second", "fs-late": "late" },
};

const folder = mkdtempSync(join(tmpdir(), "control-faults-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const runDirectory = join(folder, "run");
const [control, loading] = [join(runDirectory, "control"), join(runDirectory, "load")];

const start = () => startDaemon(world, { run_directory: runDirectory });

async function run(words: readonly string[], environment: NodeJS.ProcessEnv = process.env) {
	const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "pipe"], env: environment });
	const ended = once(child, "exit");
	const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
	const [status] = await ended;
	return { status, stdout, stderr };
}

const hotplugd = (command: string, ...words: readonly string[]) =>
	run(["dist/main.js", command, "--socket", control, ...words]);

async function plug(daemon: Daemon, module: string): Promise<void> {
	addDevice(`/devices/${module}`, `pci:${module}`);
	injectUevents([formatUevent("add", `/devices/${module}`, [["MODALIAS", `pci:${module}`]])]);
	await daemon.until(() => daemon.log.some((line) => line.module === module && line.result === "inserted"));
}

/** Resident memory in bytes. */
function residentSize({ process: { pid } }: Daemon): number {
	return 1024 * Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]);
}

const open = (path: string): Socket => connect({ path }).on("error", () => {});

/**
 * Opens so many connections. Each of them comes to its end: the client is answered, or refused, or gives up in the middle of a
 * line.
 */
async function flood(path: string, count: number): Promise<void> {
	let opened = 0;
	const come = async (): Promise<void> => {
		while (opened++ < count) {
			const client = open(path).resume();
			const heard = Promise.race(
				[once(client, "data"), once(client, "close")].map((one) => one.catch(() => undefined)),
			);
			if (opened % 3 === 0) client.write("w half a line", () => client.destroy());
			else client.write(opened % 3 === 1 ? '{"command":"status"}\n' : "rubbish\n\0\n");
			await heard;
			client.destroy();
		}
	};
	await Promise.all(Array.from({ length: 100 }, come));
}

const sessions: Readonly<Record<string, () => Promise<unknown>>> = {
	async badClients() {
		const daemon = await start();
		await plug(daemon, "first");
		const before = residentSize(daemon);
		const held: Socket[] = [];
		for (const path of [control, loading])
			for (let i = 0; i < 20; i++) {
				const [half, never, garbage] = [open(path), open(path), open(path)];
				half.write('{"command":"stat');
				never.pause().write('{"command":"status"}\n'.repeat(5000));
				garbage.write(Buffer.alloc(200_000, 0xff));
				held.push(half, never, garbage);
			}
		await setTimeout(200);
		const status = await hotplugd("status", "--json");
		await flood(control, 10_000);
		await flood(loading, 1000);
		await plug(daemon, "second");
		const load = await hotplugd("load", "fs-late");
		const settle = await hotplugd("settle", "--timeout", "60");
		for (const socket of held) socket.destroy();
		const growth = residentSize(daemon) - before;
		const stop = await hotplugd("stop");
		await daemon.until(() => daemon.log.some(({ msg }) => msg === "stopped"));
		const { status: ended, signal, stderr } = await daemon.stop();
		return {
			asked: JSON.parse(status.stdout).counts.modules_inserted,
			load,
			settle,
			stop,
			inserted: daemon.inserted(),
			growth,
			ended: { status: ended, signal, stderr },
			gone: await hotplugd("status"),
		};
	},

	async second() {
		const daemon = await start();
		const { pid } = daemon.process;
		const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(1, -1);
		const second = await run(words, { ...process.env });
		const status = await hotplugd("status", "--json");
		await plug(daemon, "first");
		await daemon.stop();
		return { pid, second, answers: JSON.parse(status.stdout).pid, inserted: daemon.inserted() };
	},
};

const session = sessions[process.argv[2] ?? ""];
if (process.argv[1] === controlFaultsSession && session) {
	mountDevices();
	console.log(JSON.stringify({ folder, ...((await session()) as object) }));
}
