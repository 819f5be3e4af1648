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
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type RecordedCall, readRecord, standinEnvironment } from "./standin.js";
import { type SessionCall, toolsSession } from "./tools-session.js";

export type PretendMachine = {
	/** By path below `proc/`, `sys/`, `modules/` (which is /lib/modules/RELEASE) or `work/` (where commands run). */
	readonly files: Readonly<Record<string, string | Buffer>>;
	/** Directories that have nothing in them. */
	readonly directories?: readonly string[];
	/** Files of this machine, by the path below that they are to have there. */
	readonly copies?: Readonly<Record<string, string>>;
};

/** What to run: a tool's name and its arguments; and what the stand-in is told (see standin.c). */
export type Call = { readonly words: readonly string[]; readonly environment?: Readonly<Record<string, string>> };

export type Run = {
	readonly status: number;
	readonly stdout: string;
	readonly stderr: string;
	/** The system calls it would have made, and what it would have logged. */
	readonly calls: readonly RecordedCall[];
	/** What it has written into the directory where it ran, by name. */
	readonly written: Readonly<Record<string, string>>;
};

const script = fileURLToPath(new URL("../../../test/support/pretend-root.sh", import.meta.url));

/** Runs each call by the real kmod and by ours, each in a copy of the machine's `work`. */
export async function runBoth(machine: PretendMachine, calls: readonly Call[]): Promise<{ real: Run; ours: Run }[]> {
	const folder = mkdtempSync(join(tmpdir(), "pretend-"));
	try {
		build(folder, machine);
		const real = calls.map((call, number) => place(call, join(folder, `real-${number}`)));
		const ours = calls.map((call, number) => place(call, join(folder, `ours-${number}`)));
		for (const run of [...real, ...ours]) cpSync(join(folder, "work"), run.place, { recursive: true });
		writeFileSync(join(folder, "ours.json"), JSON.stringify(ours));
		writeFileSync(join(folder, "script"), real.map(formatRun).join("") + formatSession(folder));
		await promisify(execFile)("unshare", ["-Urm", "sh", "-eu", script, folder, "sh", "-eu", join(folder, "script")]);
		const read = (run: SessionCall) => readRun(run.place, join(folder, "work"));
		return calls.map((_, number) => ({ real: read(real[number]!), ours: read(ours[number]!) }));
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

function place({ words, environment }: Call, place: string): SessionCall {
	return { place, words, environment: { STANDIN_RECORD: `${place}.record`, ...environment } };
}

function build(folder: string, { files, directories = [], copies = {} }: PretendMachine): void {
	for (const path of ["work", ...directories]) mkdirSync(join(folder, path), { recursive: true });
	const write = (path: string, act: (path: string) => void) => {
		mkdirSync(dirname(join(folder, path)), { recursive: true });
		act(join(folder, path));
	};
	for (const [path, content] of Object.entries(files)) write(path, (at) => writeFileSync(at, content));
	for (const [path, source] of Object.entries(copies)) write(path, (at) => cpSync(source, at));
}

function formatRun({ place, words, environment }: SessionCall): string {
	const settings = { ...environment, ...standinEnvironment(`${place}.record`), PATH: "/sbin:/bin" };
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
