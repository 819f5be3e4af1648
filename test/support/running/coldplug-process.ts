// coldplug as it is installed, run on machines that a test has made.

import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../../src/main.js";
import { thisMachine } from "../../../src/this-machine.js";
import { readRecord, standinEnvironment } from "../fakes/standin.js";
import type { World } from "../worlds/world.js";
import { worldWords, writeWorld } from "../worlds/world-folder.js";

/** How it ended, with MACHINE for the folder. */
export type Told = { readonly status: number | string; readonly stdout: string; readonly stderr: string };

/** --dry-run on a captured machine, such as fixtures/machine. @param before such as unshare with its options */
export function dryRun(
	machine: string,
	release: string,
	words: readonly string[] = [],
	before: readonly string[] = [],
) {
	const command = [process.execPath, "dist/main.js", ...dryRunWords(machine, release, words)];
	return execute(machine, [...before, ...command]);
}

/** The same in this process, which costs a tenth. */
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
	/** An alias each, by the name below /sys/devices. */
	readonly devices: Readonly<Record<string, string>>;
	/** Breaks the machine once it is written. */
	readonly damage?: (machine: string) => void;
	readonly words?: readonly string[];
	/** For the stand-in. */
	readonly environment?: Readonly<Record<string, string>>;
	/** How many files it may have open (RLIMIT_NOFILE). */
	readonly openFiles?: number;
	/** Its user may read what its mode allows, as root is not held to otherwise. */
	readonly unprivileged?: boolean;
};

/** Inserts into the stand-in, in namespaces where the devices of this machine are out of sight. Needs no privilege. */
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
	const told = await execute(
		machine,
		[
			...(given.openFiles === undefined ? [] : withOpenFiles(given.openFiles)),
			...["unshare", "--user", "--map-root-user", "--net", "--mount", "sh", "-c", mounts, join(machine, "devices")],
			...(given.unprivileged ? ["unshare", "--user"] : []),
			...["env", ...Object.entries(standinEnvironment(record)).map(([key, value]) => `${key}=${value}`)],
			...[process.execPath, "dist/main.js", "coldplug", "--quiet", "50", "--config", join(machine, "hotplugd.toml")],
			...[...worldWords(machine), ...(given.words ?? [])],
		],
		given.environment ?? {},
	);
	const inserted = readRecord(record).flatMap(({ file }) => /([^/]+)\.ko$/.exec(String(file))?.[1] ?? []);
	return { ...told, inserted: inserted.sort() };
}

/** Goes before a command. */
export const withOpenFiles = (most: number): readonly string[] => ["sh", "-c", `ulimit -n ${most} && exec "$@"`, "sh"];

/** Any command. @param machine the folder that MACHINE stands for */
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
