// Starts the real program under strace(1), which makes one of its system calls fail. Arguments: the words that begin strace, as
// JSON, and the name of the row. The result is printed as JSON.
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

/** The call that fails in each row, for an agent in that folder. */
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
	// No path is given: strace compares only the old name, which is random here. The agent renames no other file.
	"metrics that cannot be renamed": () => ({ calls: "?rename,?renameat,?renameat2", errno: "EXDEV" }),
};

export type StraceResult = AgentEnd & {
	/** How many calls strace made fail. */
	readonly failed: number;
	readonly inserted: readonly string[];
	/** Warnings and errors of the log. */
	readonly told: readonly string[];
	/** Files that the agent left behind, apart from the lock. */
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

/** Resolves to true when the agent has looked at all devices and answers requests, and to false when it has ended. */
async function goesOn(daemon: Daemon, { folder }: Place): Promise<boolean> {
	const over = daemon.ended.then(() => true);
	while (!daemon.log.some(({ msg }) => msg === "looked at all devices"))
		if (await Promise.race([over, setTimeout(10, false)])) return false;
	const control = join(folder, "run/control");
	// A client whose connection is lost asks again: while libuv makes room for one connection (EMFILE), it closes all others.
	const tell = async (command: object): Promise<unknown> => {
		for (let tries = 1; ; tries++)
			try {
				return await ask(control, `${JSON.stringify(command)}\n`, 20_000);
			} catch (thrown) {
				if (tries === MOST_TRIES) throw thrown;
				await setTimeout(10);
			}
	};
	// A failed read of an index is repaired by the next reload.
	await tell({ command: "reload" });
	await tell({ command: "load", alias: "x:asked" });
	await tell({ command: "settle", timeout_milliseconds: 10_000 });
	return true;
}

const [strace = "[]", name = ""] = process.argv.slice(2);
if (process.argv[1] === straceSession) await main(JSON.parse(strace), name);
