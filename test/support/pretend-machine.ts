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
import { type RecordedCall, readRecord, standinEnvironment } from "./standin.js";

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
const tools = ["kmod", "lsmod", "insmod", "rmmod", "modinfo", "modprobe", "depmod"];

/** Runs each call by the real kmod and by ours, each in a copy of the machine's `work`. */
export async function runBoth(machine: PretendMachine, calls: readonly Call[]): Promise<{ real: Run; ours: Run }[]> {
	const folder = mkdtempSync(join(tmpdir(), "pretend-"));
	try {
		build(folder, machine);
		mkdirSync(join(folder, "ours"));
		for (const tool of tools) symlinkSync(resolve("dist/main.js"), join(folder, "ours", tool));
		const runs = calls.flatMap((call, number) => [
			{
				call,
				place: join(folder, `real-${number}`),
				program: call.words[0] === "kmod" ? "/bin/kmod" : `/sbin/${call.words[0]}`,
			},
			{ call, place: join(folder, `ours-${number}`), program: join(folder, "ours", call.words[0] ?? "") },
		]);
		for (const { place } of runs) cpSync(join(folder, "work"), place, { recursive: true });
		writeFileSync(join(folder, "script"), runs.map(formatRun).join(""));
		await promisify(execFile)("unshare", ["-Urm", "sh", "-eu", script, folder, "sh", join(folder, "script")]);
		const results = runs.map(({ place }) => readRun(place, join(folder, "work")));
		return calls.map((_, number) => ({ real: results[2 * number]!, ours: results[2 * number + 1]! }));
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
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

type PlacedRun = { readonly call: Call; readonly place: string; readonly program: string };

function formatRun({ call, place, program }: PlacedRun): string {
	const environment = { ...standinEnvironment(`${place}.record`), ...call.environment };
	const settings = Object.entries(environment).map(([name, value]) => `${name}=${quote(value)}`);
	// By a pipe: kmod opens /dev/stdout anew, which would cut a file that it shares with others.
	const command = `env ${settings.join(" ")} ${[program, ...call.words.slice(1)].map(quote).join(" ")}`;
	return `{ (cd ${place} && ${command} 2>${place}.stderr </dev/null); echo $? >${place}.status; } | cat >${place}.stdout\n`;
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
