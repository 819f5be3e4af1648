// This machine for a comparison of a fleet in the test's process: its threads are real, and its output is kept.
import type { Fleet } from "../../../src/ports/fleet.js";
import type { Machine } from "../../../src/ports/machine.js";
import { thisMachine } from "../../../src/this-machine.js";
import { compare } from "../../../src/tools/compare/compare.js";

export type FleetRun = {
	readonly status: number;
	readonly printed: string;
	readonly complained: string;
	/** The lines that were printed, each as JSON. */
	readonly records: readonly Readonly<Record<string, unknown>>[];
};

/** Runs hotplugd compare. */
export async function runCompare(words: readonly string[], changed: Partial<Fleet> = {}): Promise<FleetRun> {
	let printed = "";
	let complained = "";
	const keep = (text: string | Uint8Array): void => {
		printed += typeof text === "string" ? text : Buffer.from(text).toString("latin1");
	};
	const machine: Machine = {
		...thisMachine,
		print: keep,
		complain(text) {
			complained += text;
		},
		onStopSignal: () => undefined,
		fleet: async () => ({ ...(await thisMachine.fleet()), print: async (bytes) => keep(bytes), ...changed }),
	};
	const status = await compare.start(words, machine);
	return {
		...{ status, printed, complained },
		get records() {
			return printed.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : []));
		},
	};
}
