// Prints synthetic captures for fleet.mjs: `node fleet-generator.mjs COUNT SEED`. The seconds of processor time that it took go to
// descriptor 3 at its end.
import { writeSync } from "node:fs";
import { fleetKernels } from "../../dist/test/support/fleet/fleet-files.js";
import { syntheticCaptures } from "../../dist/test/support/fleet/synthetic-captures.js";

const LINES_AT_ONCE = 50;

const [count, seed] = process.argv.slice(2).map(Number);
const { fleet } = await fleetKernels();

let left = count;
let lines = [];
for (const line of syntheticCaptures({ ...fleet, seed })) {
	lines.push(line);
	left--;
	if (left > 0 && lines.length < LINES_AT_ONCE) continue;
	for (let rest = Buffer.from(lines.join(""), "latin1"); rest.length > 0; ) rest = rest.subarray(writeSync(1, rest));
	lines = [];
	if (left === 0) break;
}
const { user, system } = process.cpuUsage();
writeSync(3, String((user + system) / 1e6));
