// A made-up machine on which the real kmod and ours run side by side. It has its own /proc/modules, /sys/module and
// /lib/modules. System calls for modules are recorded and not made.
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
	 * Files by path, below `proc/`, `sys/`, `modules/` (/lib/modules/RELEASE), `work/` (the working directory of commands),
	 * `etc/` and its like (the configuration) or `beside/` (everything else in the root).
	 */
	readonly files: Readonly<Record<string, string | Buffer>>;
	/** Empty directories. */
	readonly directories?: readonly string[];
	/** Copies of this machine's files: the path on the made-up machine, as in `files`, with the path of the source. */
	readonly copies?: Readonly<Record<string, string>>;
	/** Symbolic links, with their targets. */
	readonly links?: Readonly<Record<string, string>>;
	/** A script that sh runs before the calls. */
	readonly prepare?: string;
	/**
	 * The live modules, in the order of their insertion. With `live`, calls change /sys/module (see pretend-kernel.sh). Each run
	 * begins with the state that is given here, and each of our calls that may change the state is a process of its own.
	 */
	readonly live?: readonly string[];
};

/** A tool's name with its arguments, and the settings of the stand-in (see standin.c). */
export type Call = {
	readonly words: readonly string[];
	readonly environment?: Readonly<Record<string, string>>;
	/** The call changes nothing in the kernel, so that it needs no process of its own even on a machine with `live`. */
	readonly changesNothing?: boolean;
};

export type Run = {
	readonly status: number;
	readonly stdout: string;
	readonly stderr: string;
	/** The system calls and the syslog messages that the stand-in recorded instead of making them. */
	readonly calls: readonly RecordedCall[];
	/** The files that the call made in its working directory, by name. */
	readonly written: Readonly<Record<string, string>>;
};

const script = fileURLToPath(new URL("../../../../test/support/programs/pretend-root.sh", import.meta.url));

/** Less than the minute that the test runner waits for a test. */
const RUNS_TIMEOUT_MILLISECONDS = 50_000;
/** Long enough for dozens of processes on a busy machine. */
export const LONG_RUNS_TIMEOUT_MILLISECONDS = 120_000;

/**
 * Runs each call with the real kmod and with ours, each in a copy of the machine's `work`.
 * @param timeoutMilliseconds for all calls together; the test's own timeout must be longer
 */
export async function runBoth(
	machine: PretendMachine,
	calls: readonly Call[],
	timeoutMilliseconds = RUNS_TIMEOUT_MILLISECONDS,
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
		// The timeout must end all processes, even commands that call each other for ever.
		const namespaces = ["-Urm", ...(lively ? ["--pid", "--fork", "--kill-child"] : [])];
		const command = [...namespaces, "sh", "-eu", script, folder, "sh", "-eu", join(folder, "script")];
		await promisify(execFile)("unshare", command, { timeout: timeoutMilliseconds, killSignal: "SIGKILL" });
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

/** The PATH with which commands find our tools under the names of kmod's. */
function pathOfOurs(folder: string): string {
	return `${join(folder, "bin")}:${dirname(process.execPath)}:${REAL}`;
}

function formatRun({ place, words, environment }: SessionCall, path: string): string {
	const settings = { ...environment, ...standinEnvironment(`${place}.record`), PATH: path };
	const command = `/usr/bin/env ${formatSettings(settings)} ${words.map(quote).join(" ")}`;
	// Standard output is a pipe: kmod opens /dev/stdout again, which would truncate a file that others also write to.
	return `{ (cd ${place} && ${command} 2>${place}.stderr </dev/null) || status=$?
echo \${status-0} >${place}.status; } | cat >${place}.stdout\n`;
}

/** Runs our calls in one process. */
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
