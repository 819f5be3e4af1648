// Start-up time and peak memory of the executable, compared with `node -e 0`: medians of alternating runs.
import { spawnSync } from "node:child_process";
import { capturedFile, readMachine, release } from "../../dist/test/support/fakes/captured-machine.js";

const ROUNDS = 41;

/** The captured machine as a folder: the files of a machine are read one by one, as at a boot. */
const machine = readMachine();
const ask = ["-d", machine, "-S", release, "-C", `${machine}/etc/modprobe.d`, "--sysfs", `${machine}/sys`];
/** The same machine in one file, by the README's first command. */
const captured = ["--cold", "--machine", capturedFile];

const commands = {
	"node -e 0": ["-e", "0"],
	"hotplugd --version": ["dist/main.js", "--version"],
	"coldplug --dry-run": ["dist/main.js", "coldplug", "--dry-run", ...ask],
	"coldplug --dry-run --order": ["dist/main.js", "coldplug", "--dry-run", "--order", ...ask],
	"coldplug --dry-run --machine": ["dist/main.js", "coldplug", "--dry-run", ...captured],
	"hotplugd explain": ["dist/main.js", "explain", "e1000", ...ask],
};

/** "hotplugd explain" exits with 3: the module would be loaded. */
const EXPECTED = new Set([0, 3]);

// node reads the certificates of this file at every start, which does not count for the executable.
const { NODE_EXTRA_CA_CERTS: _, NODE_OPTIONS: __, ...env } = process.env;

export async function benchStartup() {
	const runs = Object.entries(commands).map(([name, words]) => ({ name, words, times: [], peaks: [] }));
	for (let round = 0; round < ROUNDS; round++) for (const { words, times } of runs) times.push(time(words));
	for (let round = 0; round < 5; round++) for (const { words, peaks } of runs) peaks.push(peakMemory(words));
	const rows = runs.map(({ name, times, peaks }) => ({ name, ms: median(times), MB: median(peaks) }));
	const [base] = rows;
	console.table(
		rows.map(({ name, ms, MB }) => ({
			"start-up": name,
			ms: ms.toFixed(1),
			"ms over node": (ms - base.ms).toFixed(1),
			"peak MB": MB.toFixed(1),
			"MB over node": (MB - base.MB).toFixed(1),
		})),
	);
}

/** Milliseconds of one run. */
function time(words) {
	const start = process.hrtime.bigint();
	run(words, ["ignore", "pipe", "inherit"]);
	return Number(process.hrtime.bigint() - start) / 1e6;
}

/** Peak memory in MB of the program alone: getrusage(2) would include the memory of the parent before exec(2). */
function peakMemory(words) {
	const preload = `${import.meta.dirname}/report-peak.cjs`;
	return Number(run(["--require", preload, ...words], ["ignore", "ignore", "inherit", "pipe"])[3]) / 1024;
}

function run(words, stdio) {
	const { status, output } = spawnSync(process.execPath, words, { env, stdio });
	if (!EXPECTED.has(status)) throw new Error(`node ${words.join(" ")} exits with ${status}`);
	return output;
}

function median(values) {
	return values.toSorted((a, b) => a - b)[values.length >> 1];
}
