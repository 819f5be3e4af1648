// Runs coldplug, as it is installed, on machines that a test has made.

import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../../src/main.js";
import { thisMachine } from "../../../src/this-machine.js";
import { readRecord, standinEnvironment } from "../fakes/standin.js";
import type { World } from "../worlds/world.js";
import { worldWords, writeWorld } from "../worlds/world-folder.js";

/**
 * The end and the output of a run, with MACHINE in place of the machine's folder. A process that a signal ended has the
 * signal's name as its status.
 */
export type Told = { readonly status: number | string; readonly stdout: string; readonly stderr: string };

/**
 * Runs --dry-run on a captured machine in a folder, such as readMachine() of fakes/captured-machine.ts.
 * @param before words before the command, such as unshare with its options
 */
export function dryRun(
	machine: string,
	release: string,
	words: readonly string[] = [],
	before: readonly string[] = [],
) {
	const command = [process.execPath, "dist/main.js", ...dryRunWords(machine, release, words)];
	return execute(machine, [...before, ...command]);
}

/** Runs --dry-run in this process, which takes a tenth of the time of a process of its own. */
export async function dryRunHere(machine: string, release: string, words: readonly string[] = []): Promise<Told> {
	const told = { stdout: "", stderr: "" };
	const status = await run(["node", ...dryRunWords(machine, release, words)], {
		...thisMachine,
		print(text) {
			told.stdout += text;
		},
		complain(text) {
			told.stderr += text;
		},
	});
	return {
		status,
		stdout: told.stdout.replaceAll(machine, "MACHINE"),
		stderr: told.stderr.replaceAll(machine, "MACHINE"),
	};
}

function dryRunWords(machine: string, release: string, words: readonly string[]): readonly string[] {
	const configuration = join(machine, "etc/modprobe.d");
	const sysfs = join(machine, "sys");
	return ["coldplug", "--dry-run", "-d", machine, "-S", release, "-C", configuration, "--sysfs", sysfs, ...words];
}

export type RealRun = {
	readonly world: World;
	/** The alias of each device, by the device's name below /sys/devices. */
	readonly devices: Readonly<Record<string, string>>;
	/** Damages the machine once it is written. */
	readonly damage?: (machine: string) => void;
	readonly words?: readonly string[];
	/** The settings of the stand-in. */
	readonly environment?: Readonly<Record<string, string>>;
	/** The limit of open files (RLIMIT_NOFILE). */
	readonly openFiles?: number;
	/** Gives coldplug a terminal: both outputs come together as the terminal's. */
	readonly onTerminal?: boolean;
	/** Runs without root's rights, so that the modes of files and directories apply. */
	readonly unprivileged?: boolean;
};

/**
 * Runs coldplug with the stand-in for the kernel's module loader, in namespaces that hide the devices of this machine. Needs no
 * privilege.
 */
export async function loadForReal(machine: string, given: RealRun): Promise<Told & { readonly inserted: string[] }> {
	writeWorld(machine, given.world);
	for (const [device, alias] of Object.entries(given.devices)) {
		mkdirSync(join(machine, "devices", device), { recursive: true });
		writeFileSync(join(machine, "devices", device, "modalias"), `${alias}\n`);
	}
	writeFileSync(join(machine, "hotplugd.toml"), "");
	given.damage?.(machine);
	const record = join(machine, "record");
	const mounts = 'mount -t tmpfs none /sys/module && mount --bind "$0" /sys/devices && exec "$@"';
	const command = [
		...["env", ...Object.entries(standinEnvironment(record)).map(([key, value]) => `${key}=${value}`)],
		...[process.execPath, "dist/main.js", "coldplug", "--quiet", "50", "--config", join(machine, "hotplugd.toml")],
		...[...worldWords(machine), ...(given.words ?? [])],
	];
	const told = await execute(
		machine,
		[
			...(given.openFiles === undefined ? [] : withOpenFiles(given.openFiles)),
			...["unshare", "--user", "--map-root-user", "--net", "--mount", "sh", "-c", mounts, join(machine, "devices")],
			...(given.unprivileged ? ["unshare", "--user"] : []),
			...(given.onTerminal ? ["script", "-qec", command.map((word) => `'${word}'`).join(" "), "/dev/null"] : command),
		],
		given.environment ?? {},
	);
	const inserted = readRecord(record).flatMap(({ file }) => /([^/]+)\.ko$/.exec(String(file))?.[1] ?? []);
	return { ...told, inserted: inserted.sort() };
}

/** The words before a command that set its limit of open files. */
export const withOpenFiles = (most: number): readonly string[] => ["sh", "-c", `ulimit -n ${most} && exec "$@"`, "sh"];

/** Runs any command. @param machine the folder that MACHINE replaces in the output */
export function execute(
	machine: string,
	[command = "", ...words]: readonly string[],
	environment: Readonly<Record<string, string>> = {},
): Promise<Told> {
	const options = { env: { ...process.env, ...environment }, maxBuffer: 2 ** 26 };
	return new Promise((resolve) =>
		execFile(command, words, options, (error, stdout, stderr) =>
			resolve({
				status: error === null ? 0 : (error.code ?? error.signal ?? error.message),
				stdout: stdout.replaceAll(machine, "MACHINE"),
				stderr: stderr.replaceAll(machine, "MACHINE"),
			}),
		),
	);
}
