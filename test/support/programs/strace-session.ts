// A process that begins the real program under strace(1), one of whose system calls fails. Its arguments are the words that begin
// strace, as JSON, and the name of the row; it prints what came of it, as JSON.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ask } from "../../../src/linux/service/control-client.js";
import {
	type AgentEnd,
	addDevice,
	type Daemon,
	launch,
	mountDevices,
	type Place,
	preparePlace,
} from "../running/agent-session.js";
import { type Injection, straceWords } from "../running/strace.js";

export const straceSession = fileURLToPath(import.meta.url);

/** What fails, for an agent of that folder. */
const rows: Readonly<Record<string, (folder: string) => Injection>> = {
	"the run directory on a read-only file system": (folder) => ({
		calls: "?mkdir,?mkdirat",
		errno: "EROFS",
		path: join(folder, "run"),
	}),
	"no lock to be had": () => ({ calls: "flock", errno: "ENOLCK" }),
	"no room for the lock's content": (folder) => ({
		calls: "write,pwrite64",
		errno: "ENOSPC",
		path: join(folder, "run/lock"),
	}),
	"no netlink socket": () => ({ calls: "bind", errno: "EACCES" }),
	"a control socket that cannot listen": () => ({ calls: "listen", errno: "EADDRINUSE" }),
	"an index that cannot be read": (folder) => ({
		calls: "read,pread64",
		errno: "EIO",
		path: join(folder, "lib/modules/6.0.0/modules.alias.bin"),
	}),
	"no inotify watch left": () => ({ calls: "inotify_add_watch", errno: "ENOSPC" }),
	"an attribute that cannot be read": () => ({
		calls: "read,pread64",
		errno: "EIO",
		path: "/sys/devices/broken/modalias",
	}),
	"no descriptor for a client": () => ({ calls: "accept,accept4", errno: "EMFILE" }),
	// The only file that it replaces. strace looks for a path among what is renamed alone, whose name is by chance.
	"metrics that cannot be renamed": () => ({ calls: "?rename,?renameat,?renameat2", errno: "EXDEV" }),
};

export type StraceResult = AgentEnd & {
	/** How many calls failed as they were told to. */
	readonly failed: number;
	readonly inserted: readonly string[];
	/** Warnings and errors. */
	readonly told: readonly string[];
	/** What it left behind, the lock apart. */
	readonly litter: readonly string[];
};

async function main(strace: readonly string[], name: string): Promise<void> {
	const metrics = mkdtempSync(join(tmpdir(), "metrics-"));
	process.on("exit", () => rmSync(metrics, { recursive: true, force: true }));
	const place = preparePlace(
		{
			modules: { sound: [], broken: [], asked: [] },
			aliases: { "x:sound": "sound", "x:broken": "broken", "x:asked": "asked" },
		},
		{ metrics_file: join(metrics, "hotplugd.prom") },
	);
	const trace = join(place.folder, "trace");
	const row = rows[name];
	if (row === undefined) throw new Error(`there is no row ${name}`);
	mountDevices();
	for (const device of ["sound", "broken"]) addDevice(`/devices/${device}`, `x:${device}`);
	const daemon = launch(place, {
		by: straceWords(strace, row(place.folder), trace),
	});
	const end = (await goesOn(daemon, place)) ? await daemon.stop() : await daemon.ended;
	const result: StraceResult = {
		...end,
		stderr: end.stderr.replaceAll(place.folder, "FOLDER"),
		failed: readFileSync(trace, "latin1").split("(INJECTED)").length - 1,
		inserted: daemon.inserted().sort(),
		told: daemon.log
			.filter(({ level }) => level >= 40)
			.map(({ msg }) => msg.replaceAll(place.folder, "FOLDER").replaceAll(metrics, "METRICS")),
		litter: [
			...listed(join(place.folder, "run")).filter((file) => file !== "lock"),
			...listed(metrics).filter(isNotWhole),
		],
	};
	process.stdout.write(JSON.stringify(result));

	function isNotWhole(file: string): boolean {
		return file !== "hotplugd.prom" || !readFileSync(join(metrics, file), "utf8").endsWith("\n");
	}
}

const listed = (folder: string): readonly string[] => (existsSync(folder) ? readdirSync(folder) : []);

const MOST_TRIES = 20;

/** It has looked at all devices, and answers whoever asks it; false where it ends instead. */
async function goesOn(daemon: Daemon, { folder }: Place): Promise<boolean> {
	const over = daemon.ended.then(() => true);
	while (!daemon.log.some(({ msg }) => msg === "looked at all devices"))
		if (await Promise.race([over, setTimeout(10, false)])) return false;
	const control = join(folder, "run/control");
	// Whoever could not be accepted asks again: libuv closes whatever else connects while it makes room for one.
	const tell = async (command: object): Promise<unknown> => {
		for (let tries = 1; ; tries++)
			try {
				return await ask(control, `${JSON.stringify(command)}\n`, 20_000);
			} catch (thrown) {
				if (tries === MOST_TRIES) throw thrown;
				await setTimeout(10);
			}
	};
	// Where an index could not be read, all is there at the next look.
	await tell({ command: "reload" });
	await tell({ command: "load", alias: "x:asked" });
	await tell({ command: "settle", timeout_milliseconds: 10_000 });
	return true;
}

const [strace = "[]", name = ""] = process.argv.slice(2);
if (process.argv[1] === straceSession) await main(JSON.parse(strace), name);
