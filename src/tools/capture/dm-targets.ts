// The targets of device-mapper devices, which the kernel tells root alone, by dmsetup(8) where it is installed: sysfs has none.

import { type Files, Refusal } from "../../libkmod/kernel/kernel.js";
import { isThere } from "../../libkmod/kernel/presence.js";
import type { Machine } from "../../ports/machine.js";

const PLACES: readonly string[] = ["/usr/sbin/dmsetup", "/sbin/dmsetup", "/usr/bin/dmsetup"];
const TIMEOUT_MILLISECONDS = 5000;

/** A function that asks for the targets of a device by its name, each once. Its result is undefined where dmsetup gives none. */
export function askDmsetup(machine: Machine, files: Files): (name: string) => Promise<readonly string[] | undefined> {
	const program = PLACES.find((place) => isThere(files, place));
	return async (name) => (program === undefined ? undefined : listTargets(await readTable(machine, program, name)));
}

/** The table, of which the end alone is read where it is long. Undefined where the program failed. */
async function readTable(machine: Machine, program: string, name: string): Promise<string | undefined> {
	const { runCommand } = await machine.service();
	try {
		// What a command says at standard error is kept, and nothing else.
		const { exitStatus, complaint } = await runCommand({
			command: ["/bin/sh", "-c", 'exec "$0" table -- "$1" >&2', program, name],
			environment: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" },
			timeoutMilliseconds: TIMEOUT_MILLISECONDS,
		});
		return exitStatus === 0 ? complaint : undefined;
	} catch (error) {
		if (error instanceof Refusal) return undefined;
		throw error;
	}
}

/** The third word of each line, `START LENGTH TARGET ...`, each once. The first line may be cut. */
export function listTargets(table: string | undefined): readonly string[] | undefined {
	const targets = (table ?? "")
		.split("\n")
		.flatMap((line) => /^\d+ \d+ ([a-z0-9_-]{1,32})(?: |$)/.exec(line)?.[1] ?? []);
	return targets.length === 0 ? undefined : [...new Set(targets)];
}
