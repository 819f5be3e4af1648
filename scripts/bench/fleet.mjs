// compare --fleet over 1,000, 10,000 and 100,000 synthetic captures (or as many as FLEET_MACHINES names, by commas), read from a pipe:
// machines a second, time for each machine, peak memory. The peer in the same run: one process of compare for each of a few machines.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fleetKernels, takeCaptures } from "../../dist/test/support/fleet/fleet-files.js";

const SEED = 20_261_128;
const PEERS = 5;
const SIZES = (process.env.FLEET_MACHINES ?? "1000,10000,100000").split(",").map(Number);

const { NODE_EXTRA_CA_CERTS: _, NODE_OPTIONS: __, ...env } = process.env;

export async function benchFleet() {
	const kernels = await fleetKernels();
	const folder = mkdtempSync(join(tmpdir(), "hotplugd-bench-"));
	try {
		const peer = measurePeer(folder, kernels);
		const rows = [];
		for (const size of SIZES) rows.push({ ...(await measure(size, kernels)), peer });
		console.table(rows.map(formatRow));
	} finally {
		rmSync(folder, { recursive: true });
	}
}

/** Milliseconds of one process a machine: the median. */
function measurePeer(folder, { words, fleet }) {
	const file = join(folder, "machine.json");
	const times = takeCaptures({ ...fleet, seed: SEED }, PEERS).map((line) => {
		writeFileSync(file, line, "latin1");
		const begun = performance.now();
		const { status } = spawnSync(process.execPath, ["dist/main.js", "compare", ...words, "--json", file], {
			env,
			stdio: ["ignore", "ignore", "inherit"],
		});
		if (status !== 0 && status !== 3) throw new Error(`compare exits with ${status}`);
		return performance.now() - begun;
	});
	return times.toSorted((a, b) => a - b)[PEERS >> 1];
}

async function measure(machines, { words }) {
	const preload = `${import.meta.dirname}/report-peak.cjs`;
	const generator = spawn(
		process.execPath,
		[`${import.meta.dirname}/fleet-generator.mjs`, String(machines), String(SEED)],
		{
			env,
			stdio: ["ignore", "pipe", "inherit", "pipe"],
		},
	);
	const begun = performance.now();
	const compare = spawn(
		"/usr/bin/env",
		[
			"bash",
			"-c",
			'TIMEFORMAT="%U %S"; time "$@" 2>&4',
			"bash",
			process.execPath,
			"--require",
			preload,
			"dist/main.js",
			"compare",
			...words,
			"--json",
			"--fleet",
			"-",
		],
		{ env, stdio: [generator.stdout, "ignore", "pipe", "pipe", 2] },
	);
	const [peak, times, own] = await Promise.all([compare.stdio[3], compare.stderr, generator.stdio[3]].map(readAll));
	await new Promise((resolve) => (compare.exitCode === null ? compare.once("close", resolve) : resolve()));
	if (compare.exitCode !== 0 && compare.exitCode !== 3) throw new Error(`compare exits with ${compare.exitCode}`);
	const seconds = (performance.now() - begun) / 1000;
	const cpu = times
		.trim()
		.split(/\s+/)
		.map(Number)
		.reduce((sum, one) => sum + one, 0);
	return { machines, seconds, cpu, peak: Number(peak) / 1024, generator: Number(own) };
}

async function readAll(stream) {
	let all = "";
	for await (const piece of stream) all += piece;
	return all;
}

function formatRow({ machines, seconds, cpu, peak, generator, peer }) {
	return {
		machines,
		seconds: seconds.toFixed(1),
		"machines/s": Math.round(machines / seconds),
		"processor ms a machine": ((1000 * cpu) / machines).toFixed(2),
		"peak MB": Math.round(peak),
		"one process a machine, ms": Math.round(peer),
		ratio: Math.round(peer / ((1000 * seconds) / machines)),
		"generator's own processor s": generator.toFixed(1),
	};
}
