// The worked examples of docs/fleet.md: compare as the map step of BullMQ, with a worker that is killed in the middle of a job, and of
// GNU parallel over files and over hosts. The engines are Debian's own.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import test from "ava";
import { type Engines, findEngines, startRedis } from "../../support/real/engines.js";
import { until } from "../../support/running/until.js";
import { writeProgram } from "../../support/running/written-program.js";
import { writeMachine } from "../../support/worlds/machine-folder.js";

/** Unpacking the engines' packages takes long where they are downloaded first. */
const ENGINES_TIMEOUT_MILLISECONDS = 5 * 60 * 1000;
const MACHINES = 9;

const folder = mkdtempSync(join(tmpdir(), "engines-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

const modules = { card: ["base"], base: [], other: [] };
const before = writeMachine("old-kernel", {
	world: { modules, aliases: { "x:card*": "card", "x:other*": "other" } },
	devices: {},
});
const after = writeMachine("new-kernel", { world: { modules, aliases: { "x:other*": "other" } }, devices: {} });

/** Every third machine has a card, which the new kernel has no driver for. */
const hasCard = (number: number): boolean => number % 3 === 0;

function captureOf(number: number): string {
	const modalias = hasCard(number) ? `x:card${number}` : `x:other${number}`;
	const devices = [{ devpath: "/devices/d", modalias }];
	return JSON.stringify({ hotplugdCapture: 1, by: "test", masked: true, devices, files: {} });
}

const captures = Array.from({ length: MACHINES }, (_, number) => captureOf(number));
const losers = captures.filter((_, number) => hasCard(number)).length;

const hotplugd = [process.execPath, resolve("dist/main.js")];
const compare = ["compare", "--fleet", "-", "--json", "--kernel", before, "--kernel", after];

type Result = { readonly machine: string; readonly loses: number };

/** The results of machines, by the digests of their captures. The last record, the summary, is none. */
function readResults(text: string): readonly Result[] {
	const records = text
		.split("\n")
		.filter((line) => line !== "")
		.map((line) => JSON.parse(line));
	return records.filter(({ kind }) => kind === "machine");
}

test("BullMQ delivers the job of a killed worker to another, and the capture has one result", async (t) => {
	t.timeout(ENGINES_TIMEOUT_MILLISECONDS);
	const engines = await findEngines();
	const redis = await startRedis(engines, folder);
	const workers: Worker[] = [];
	t.teardown(async () => {
		for (const worker of workers) worker.kill();
		await redis.stop();
	});
	const file = join(folder, "fleet.ndjson");
	writeFileSync(file, captures.map((capture) => `${capture}\n`).join(""));
	// The first call of the command of all does not end: its worker is killed in the middle of that job.
	const held = join(folder, "held");
	const command = join(folder, "compare-held");
	writeProgram(command, `#!/bin/sh\nmkdir "${held}" 2>/dev/null && exec sleep 600\nexec "$@"\n`);
	const words = [redis.socket, command, ...hotplugd, ...compare];

	t.is(runExample(engines, "enqueue.mjs", [redis.socket, file]).trim(), `${MACHINES} captures are in the queue`);
	t.is(runExample(engines, "enqueue.mjs", [redis.socket, file]).trim(), `${MACHINES} captures are in the queue`);
	const doomed = startWorker(engines, words);
	workers.push(doomed);
	await until(() => existsSync(held) && doomed.lines("began").length === 1);
	const [job = ""] = doomed.lines("began");
	const other = startWorker(engines, words);
	workers.push(other);
	doomed.kill();
	await until(() => other.lines("ended").length === MACHINES, ENGINES_TIMEOUT_MILLISECONDS);

	t.deepEqual([doomed.lines("began"), doomed.lines("ended")], [[job], []]);
	t.deepEqual(
		other.lines("began").filter((began) => began === job),
		[job],
		"the job ran twice",
	);
	const results = readResults(runExample(engines, "collect.mjs", [redis.socket]));
	t.is(results.length, MACHINES);
	t.is(new Set(results.map(({ machine }) => machine)).size, MACHINES, "each capture has one result");
	t.is(results.filter(({ machine }) => machine === job).length, 1);
	t.is(results.filter(({ loses }) => loses > 0).length, losers);
});

/** Runs a script of the example to its end, and returns what it printed. */
function runExample({ environment }: Engines, script: string, words: readonly string[]): string {
	const node = [join("docs/examples/bullmq", script), ...words];
	const { stdout, stderr, status } = spawnSync(process.execPath, node, { env: environment, encoding: "utf8" });
	if (status !== 0) throw new Error(`${script} ended with ${status}: ${stderr}`);
	return stdout;
}

type Worker = {
	/** The digests in the lines that begin with a word. */
	lines(word: string): readonly string[];
	/** Kills the worker and what it runs. */
	kill(): void;
};

function startWorker({ environment }: Engines, words: readonly string[]): Worker {
	const child: ChildProcess = spawn(process.execPath, ["docs/examples/bullmq/worker.mjs", ...words], {
		env: environment,
		detached: true,
		stdio: ["ignore", "pipe", "inherit"],
	});
	let told = "";
	child.stdout?.setEncoding("utf8").on("data", (text: string) => {
		told += text;
	});
	return {
		lines: (word) =>
			told
				.split("\n")
				.filter((line) => line.startsWith(`${word} `))
				.map((line) => line.slice(word.length + 1)),
		kill() {
			try {
				process.kill(-child.pid!, "SIGKILL");
			} catch {
				// The worker has ended by itself.
			}
		},
	};
}

test("GNU parallel compares the captures of many files, as one command would", async (t) => {
	t.timeout(ENGINES_TIMEOUT_MILLISECONDS);
	const engines = await findEngines();
	const files = [0, 1, 2].map((part) => {
		const file = join(folder, `part-${part}.ndjson`);
		writeFileSync(
			file,
			captures
				.filter((_, number) => number % 3 === part)
				.map((one) => `${one}\n`)
				.join(""),
		);
		return file;
	});
	const each = [...hotplugd, "compare", "--fleet", "{}", ...compare.slice(3)];
	const results = readResults(runParallel(engines, [...each, ":::", ...files]));
	t.is(results.length, MACHINES);
	t.is(results.filter(({ loses }) => loses > 0).length, losers);
});

test("GNU parallel compares the parts of one file", async (t) => {
	t.timeout(ENGINES_TIMEOUT_MILLISECONDS);
	const engines = await findEngines();
	const fleet = captures.map((one) => `${one}\n`).join("");
	const results = readResults(runParallel(engines, ["--pipe", "-N", "4", ...hotplugd, ...compare], fleet));
	t.is(results.length, MACHINES);
	t.is(results.filter(({ loses }) => loses > 0).length, losers);
});

test("GNU parallel has each host capture itself, and the captures are a fleet", async (t) => {
	t.timeout(ENGINES_TIMEOUT_MILLISECONDS);
	const engines = await findEngines();
	// A stand-in for ssh: the hosts are root directories here, and the program captures the one that it is to reach.
	const ssh = join(folder, "ssh");
	writeProgram(ssh, `#!/bin/sh\nhost=$1; shift 2\nexec ${hotplugd.join(" ")} "$@" -d "$host"\n`);
	const hosts = [0, 1].map((number) =>
		writeMachine(`host-${number}`, { world: { modules }, devices: { d: number === 0 ? "x:card0" : "x:other1" } }),
	);
	const fleet = runParallel(engines, [ssh, "{}", "hotplugd", "capture", "--without-indexes", ":::", ...hosts]);
	t.is(fleet.trim().split("\n").length, hosts.length);
	const [node = "", ...words] = [...hotplugd, ...compare];
	const { stdout, status } = spawnSync(node, words, { input: fleet, encoding: "utf8" });
	t.is(status, 3);
	t.deepEqual(
		readResults(stdout)
			.map(({ loses }) => loses)
			.sort(),
		[0, 1],
	);
});

function runParallel({ environment }: Engines, words: readonly string[], input = ""): string {
	// The exit status of parallel is how many of its jobs had one: compare has one where a device loses its driver.
	const { stdout, error } = spawnSync("parallel", ["--will-cite", ...words], {
		env: { ...environment, HOME: folder },
		encoding: "utf8",
		input,
	});
	if (error !== undefined) throw error;
	return stdout;
}
