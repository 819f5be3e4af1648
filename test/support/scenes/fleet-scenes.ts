// A run of compare --fleet --json in which every kind of its records occurs. Returns what was printed.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCompare } from "../fleet/fleet-machine.js";
import { writeMachine } from "../worlds/machine-folder.js";

const modules = { card: [], other: [], fresh: [] };

/** One machine whose devices lose, gain and change a driver, and a line that is no capture. */
export async function changedMachine(): Promise<string> {
	const before = writeMachine("fleet-before", {
		world: { modules, aliases: { "x:lost": "card", "x:changed": "card" } },
		devices: {},
	});
	const after = writeMachine("fleet-after", {
		world: { modules, aliases: { "x:gained": "fresh", "x:changed": "other" } },
		devices: {},
	});
	const devices = ["lost", "gained", "changed"].map((name) => ({ devpath: `/devices/${name}`, modalias: `x:${name}` }));
	const capture = { hotplugdCapture: 1, by: "test", masked: true, release: "6.0.0", devices, files: {} };
	const fleet = join(before, "fleet.ndjson");
	writeFileSync(fleet, `${JSON.stringify(capture)}\nno capture\n`);
	const { printed } = await runCompare(["--json", "--fleet", fleet, "--kernel", before, "--kernel", after]);
	rmSync(fleet);
	return printed;
}
