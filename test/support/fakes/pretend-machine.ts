// A made-up machine, on which the real kmod and ours are run side by side: its own /proc/modules, /sys/module and
// /lib/modules, and system calls that are recorded and not made.
import { execFile } from "node:child_process";
import {
	cpSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type SessionCall, toolsSession } from "../programs/tools-session.js";
import { pretendKernel } from "./recording-kernel.js";
import { type RecordedCall, readRecord, standinEnvironment } from "./standin.js";

export type PretendMachine = {
	/**
	 * By path below `proc/`, `sys/`, `modules/` (which is /lib/modules/RELEASE), `work/` (where commands run), `etc/` and its
	 * like (where configuration is) or `beside/` (what else the root has).
	 */
	readonly files: Readonly<Record<string, string | Buffer>>;
	/** Directories that have nothing in them. */
	readonly directories?: readonly string[];
	/** Files of this machine, by the path below that they are to have there. */
	readonly copies?: Readonly<Record<string, string>>;
	/** Symbolic links, by their targets. */
	readonly links?: Readonly<Record<string, string>>;
	/** Run by sh before the calls. */
	readonly prepare?: string;
	/**
	 * Modules that the kernel has, in the order of their insertion. Then calls show in /sys/module (see pretend-kernel.sh), each
	 * finds it as it is here, and each of ours that may change it is a process of its own.
	 */
	readonly live?: readonly string[];
};

/** What to run: a tool's name and its arguments; and what the stand-in is told (see standin.c). */
export type Call = {
	readonly words: readonly string[];
	readonly environment?: Readonly<Record<string, string>>;
	/** It asks nothing of the kernel: where others do (`live`), it needs no process of its own. */
	readonly changesNothing?: boolean;
};

export type Run = {
	readonly status: number;
	readonly stdout: string;
	readonly stderr: string;
	/** The system calls it would have made, and what it would have logged. */
	readonly calls: readonly RecordedCall[];
	/** What it has written into the directory where it ran, by name. */
	readonly written: Readonly<Record<string, string>>;
};

const script = fileURLToPath(new URL("../../../../test/support/programs/pretend-root.sh", import.meta.url));

/** Milliseconds, less than the minute that the test runner waits for a test. */
const SHORT = 50_000;
/** For dozens of processes, which a busy machine takes its time for. */
export const LONG = 120_000;

/**
 * Runs each call by the real kmod and by ours, each in a copy of the machine's `work`.
 * @param patience milliseconds for all of them: the test is to be given more
 */
export async function runBoth(
	machine: PretendMachine,
	calls: readonly Call[],
	patience = SHORT,
): Promise<{ real: Run; ours: Run }[]> {
	const folder = mkdtempSync(join(tmpdir(), "pretend-"));
	try {
		build(folder, machine);
		const lively = machine.live !== undefined;
		const kernel = lively ? { STANDIN_KERNEL: pretendKernel } : {};
		const real = calls.map((call, number) => place(call, join(folder, `real-${number}`), kernel));
		const ours = calls.map((call, number) => place(call, join(folder, `ours-${number}`), kernel));
		for (const run of [...real, ...ours]) cpSync(join(folder, "work"), run.place, { recursive: true });
		const alone = ours.filter((_, number) => lively && !calls[number]!.changesNothing);
		writeFileSync(join(folder, "ours.json"), JSON.stringify(ours.filter((call) => !alone.includes(call))));
		mkdirSync(join(folder, "bin"));
		for (const tool of TOOLS) symlinkSync(resolve("dist/main.js"), join(folder, "bin", tool));
		const reset = lively ? "rm -rf /sys/module; cp -r /sys/start /sys/module\n" : "";
		const lines = [
			`${machine.prepare ?? ""}\n`,
			...formatInsertions(machine.live),
			...real.map((call) => reset + formatRun(call, REAL)),
			reset + formatSession(folder),
			...alone.map((call) => reset + formatRun(call, pathOfOurs(folder))),
		];
		writeFileSync(join(folder, "script"), lines.join(""));
		// Commands that call each other for ever end with the time, all of them.
		const namespaces = ["-Urm", ...(lively ? ["--pid", "--fork", "--kill-child"] : [])];
		const command = [...namespaces, "sh", "-eu", script, folder, "sh", "-eu", join(folder, "script")];
		await promisify(execFile)("unshare", command, { timeout: patience, killSignal: "SIGKILL" });
		const read = (run: SessionCall) => readRun(run.place, join(folder, "work"));
		return calls.map((_, number) => ({ real: read(real[number]!), ours: read(ours[number]!) }));
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

const TOOLS = ["modprobe", "insmod", "rmmod", "lsmod", "modinfo", "depmod", "kmod"];

function place({ words, environment }: Call, place: string, more: Readonly<Record<string, string>>): SessionCall {
	return { place, words, environment: { STANDIN_RECORD: `${place}.record`, ...more, ...environment } };
}

function build(folder: string, { files, directories = [], copies = {}, links = {} }: PretendMachine): void {
	for (const path of ["work", ...directories]) mkdirSync(join(folder, path), { recursive: true });
	const write = (path: string, act: (path: string) => void) => {
		mkdirSync(dirname(join(folder, path)), { recursive: true });
		act(join(folder, path));
	};
	for (const [path, content] of Object.entries(files)) write(path, (at) => writeFileSync(at, content));
	for (const [path, source] of Object.entries(copies)) write(path, (at) => cpSync(source, at));
	for (const [path, target] of Object.entries(links)) write(path, (at) => symlinkSync(target, at));
}

function formatInsertions(live: readonly string[] | undefined): string[] {
	if (live === undefined) return [];
	const insertions = live.map((name) => `${quote(pretendKernel)} finit_module ${quote(name)}\n`);
	return ["mkdir -p /sys/module\n", ...insertions, "cp -r /sys/module /sys/start\n"];
}

const REAL = "/sbin:/bin";

/** By which commands find ours, under the tools' names. */
function pathOfOurs(folder: string): string {
	return `${join(folder, "bin")}:${dirname(process.execPath)}:${REAL}`;
}

function formatRun({ place, words, environment }: SessionCall, path: string): string {
	const settings = { ...environment, ...standinEnvironment(`${place}.record`), PATH: path };
	const command = `/usr/bin/env ${formatSettings(settings)} ${words.map(quote).join(" ")}`;
	// By a pipe: kmod opens /dev/stdout anew, which would cut a file that it shares with others.
	return `{ (cd ${place} && ${command} 2>${place}.stderr </dev/null) || status=$?
echo \${status-0} >${place}.status; } | cat >${place}.stdout\n`;
}

/** All of ours run in one process. */
function formatSession(folder: string): string {
	const settings = { ...standinEnvironment(join(folder, "record")), NODE_OPTIONS: "" };
	return `env ${formatSettings(settings)} ${quote(process.execPath)} ${quote(toolsSession)} <${folder}/ours.json\n`;
}

function formatSettings(settings: Readonly<Record<string, string>>): string {
	return Object.entries(settings)
		.map(([name, value]) => `${name}=${quote(value)}`)
		.join(" ");
}

function quote(word: string): string {
	return `'${word.replaceAll("'", "'\\''")}'`;
}

function readRun(place: string, before: string): Run {
	const read = (name: string) => readFileSync(`${place}.${name}`, "latin1");
	return {
		status: Number(read("status")),
		stdout: read("stdout"),
		stderr: read("stderr"),
		calls: JSON.parse(JSON.stringify(readRecord(`${place}.record`)).replaceAll(`${place}/`, "")),
		written: readNew(place, before),
	};
}

function readNew(place: string, before: string): Record<string, string> {
	const names = readdirSync(place, { recursive: true, encoding: "utf8" });
	const added = names.filter((name) => !existsSync(join(before, name)) && statSync(join(place, name)).isFile());
	return Object.fromEntries(added.sort().map((name) => [name, readFileSync(join(place, name), "latin1")]));
}
