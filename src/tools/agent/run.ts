// hotplugd run: runs the agent as a service until SIGTERM. The agent logs JSON lines.

import type { Settings } from "../../agent/settings/settings.js";
import { exitStatus } from "../../agent/telling/exit-status.js";
import { openJournal } from "../../agent/telling/journal.js";
import { MAY_HANG } from "../../libkmod/insertion/semaphore.js";
import type { Files } from "../../libkmod/kernel/kernel.js";
import { isThere } from "../../libkmod/kernel/presence.js";
import type { UeventSource } from "../../ports/uevents.js";
import { defineTool } from "../command-line/command-line.js";
import { agentOptions } from "./agent-options.js";
import { openMachine } from "./named-places.js";
import { serve } from "./serve.js";
import { needOpenFiles, readSwitch } from "./start-conditions.js";
import { complainOf, StartFailure } from "./start-failure.js";
import { readSettings } from "./start-settings.js";

/**
 * Threads beside the `parallel` setting and those for hanging insertions. A module's init may wait for another module that the
 * kernel then asks for: without spare threads, that request would deadlock.
 */
const BEYOND_THE_BOUND = 16;

export const run = defineTool({
	name: "hotplugd run",
	summary: "Loads the modules of the devices present, then those of every device that is plugged in.",
	options: {
		...agentOptions,
		source: { argument: "SOURCE", help: "Listen to the uevents of kernel or udev (settings: source)" },
		runDirectory: { argument: "DIR", help: "Keep sockets and lock in DIR (settings: run_directory)" },
		commandSocket: {
			argument: "PATH",
			help: "Have install commands run by the service that listens at PATH (settings: command_socket)",
		},
		notifyFd: { argument: "FD", number: true, help: "Write a newline to FD when the agent is ready" },
	},
	mostOperands: 0,
	async run({ options: asked }, machine) {
		try {
			const { kernel, given } = await openMachine(machine, asked);
			const { off, remark } = readSwitch(kernel, given);
			if (remark !== undefined) machine.complain(`hotplugd run: ${remark}\n`);
			if (off) return exitStatus.done;
			await needOpenFiles(machine);
			const settings = override(await readSettings(kernel, given), given);
			await machine.sizeThreadPool(settings.parallel, MAY_HANG + BEYOND_THE_BOUND);
			const ports = await machine.service();
			const lock = await ports.lockInstance(settings.run_directory);
			if (!lock.held)
				throw new StartFailure(
					`another hotplugd runs already${lock.pid === undefined ? "" : ` (process ${lock.pid})`}, holding ${lock.file}`,
					exitStatus.unable,
				);
			const log = await ports.openLog({
				onLost: (lines) => journal.warn({ lines }, `${lines} lines of the log were lost here: nobody read the log`),
			});
			const journal = openJournal(settings.log_level, (line) => log.write(line));
			let hung: readonly string[] = [];
			try {
				const source = chooseSource(settings, kernel);
				hung = await serve({ given, machine, ports, kernel, settings, source, journal });
				if (hung.length === 0) journal.info({}, "stopped");
				else journal.warn({ hung }, `stopped, and did not wait for modules that hang: ${hung.join(", ")}`);
			} finally {
				await log.close();
			}
			lock.release();
			if (hung.length > 0) await machine.endNow(exitStatus.done);
			return exitStatus.done;
		} catch (error) {
			return complainOf(error, "hotplugd run", machine);
		}
	},
});

type Given = Readonly<Record<"source" | "runDirectory" | "commandSocket", string | undefined>>;

const sources = ["auto", "kernel", "udev"] as const satisfies readonly Settings["source"][];

function override(settings: Settings, { source, runDirectory, commandSocket }: Given): Settings {
	const known = sources.find((one) => one === source);
	if (source !== undefined && known === undefined)
		throw new StartFailure(`there is no source ${source}: it is one of ${sources.join(", ")}`, exitStatus.usage);
	return {
		...settings,
		...(known !== undefined && { source: known }),
		...(runDirectory !== undefined && { run_directory: runDirectory }),
		...(commandSocket !== undefined && { command_socket: commandSocket }),
	};
}

/** With "auto", udev's control socket decides: it exists while udev runs, and from boot on when systemd will start udev. */
function chooseSource({ source }: Settings, files: Pick<Files, "stamp">): UeventSource {
	if (source === "kernel" || source === "udev") return source;
	return isThere(files, "/run/udev/control") ? "udev" : "kernel";
}
