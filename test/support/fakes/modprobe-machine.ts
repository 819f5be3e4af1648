// A made-up machine for the real modprobe and ours: generated module files with indexes of the real depmod, a configuration,
// and live modules. Our modprobe runs in this process over the same files; its calls of the kernel are recorded in the
// stand-in's form.
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { release, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Machine } from "../../../src/ports/machine.js";
import { modprobe } from "../../../src/tools/modprobe/modprobe.js";
import { formatNeeds, type ModuleTree, writeModuleTree } from "../worlds/module-tree.js";
import { askPretendKernel, pretendKernel, recordingKernel } from "./recording-kernel.js";
import { type RecordedCall, readRecord, standinEnvironment } from "./standin.js";

export type ModprobeMachine = ModuleTree & {
	/** The text of conf/machine.conf in the working directory of commands. Only `-C conf` makes modprobe read it. */
	readonly config?: string;
	readonly commandLine?: string;
	/** The live modules, in the order of their insertion: a module comes after those that it needs. */
	readonly live?: readonly string[];
	/** Modules that are in use, but not by another module. */
	readonly used?: readonly string[];
	/**
	 * Whether calls change /sys/module: an inserted module appears there and a removed one vanishes. Otherwise every call
	 * succeeds and changes nothing.
	 */
	readonly lively?: boolean;
	/** Other files, by path below the machine's root or below `work`, the working directory of commands. */
	readonly files?: Readonly<Record<string, string | Buffer>>;
	/** Symbolic links, with their targets. */
	readonly links?: Readonly<Record<string, string>>;
};

/**
 * One call of modprobe. `environment` holds settings of the stand-in and any other variables. Words and variables consist of
 * bytes, one character each.
 */
export type ModprobeCall = {
	readonly words: readonly string[];
	readonly environment?: Readonly<Record<string, string>>;
	/** Standard error is closed; only for processes. */
	readonly mute?: true;
};

export type ModprobeRun = {
	readonly status: number;
	readonly stdout: string;
	readonly stderr: string;
	readonly calls: readonly RecordedCall[];
};

const pretendRoot = fileURLToPath(new URL("../../../../test/support/programs/pretend-root.sh", import.meta.url));
const directory = `/lib/modules/${release()}`;

/** The path of a module's file, as in messages. */
export const moduleFile = (name: string): string => `${directory}/kernel/${name}.ko`;
export const moduleDirectory = directory;

/** Runs each call with the real modprobe and with ours, each time on the machine in its initial state. */
export async function runBothModprobes(
	machine: ModprobeMachine,
	calls: readonly ModprobeCall[],
): Promise<{ real: ModprobeRun; ours: ModprobeRun }[]> {
	const folder = mkdtempSync(join(tmpdir(), "modprobe-"));
	try {
		build(folder, machine);
		const lively = machine.lively ?? false;
		const real = await runProcesses(folder, calls, { lively, path: REAL, seconds: 3 });
		const runs: { real: ModprobeRun; ours: ModprobeRun }[] = [];
		for (const [number, call] of calls.entries())
			runs.push({ real: real[number]!, ours: await runOurs(folder, call, lively) });
		return runs;
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

function build(folder: string, machine: ModprobeMachine): void {
	const tree = writeModuleTree(join(folder, "tree"), machine);
	cpSync(tree, join(folder, "modules"), { recursive: true });
	const write = (path: string, content: string | Buffer) => {
		const place = join(folder, path);
		mkdirSync(Buffer.from(dirname(place), "latin1"), { recursive: true });
		writeFileSync(Buffer.from(place, "latin1"), content, "latin1");
	};
	write("modules/modules.needs", formatNeeds(machine.modules));
	write("work/conf/machine.conf", machine.config ?? "");
	write("proc/cmdline", machine.commandLine ?? "quiet\n");
	write("proc/modules", "");
	mkdirSync(join(folder, "sys/module"), { recursive: true });
	for (const name of machine.live ?? []) insertPretended(folder, name);
	for (const name of machine.used ?? []) write(`sys/module/${name}/refcnt`, "7\n");
	for (const [path, content] of Object.entries(machine.files ?? {})) write(path, content);
	for (const [path, target] of Object.entries(machine.links ?? {})) {
		mkdirSync(dirname(join(folder, path)), { recursive: true });
		symlinkSync(target, join(folder, path));
	}
	cpSync(join(folder, "sys/module"), join(folder, "sys/start"), { recursive: true });
}

function insertPretended(folder: string, name: string): void {
	const errno = askPretendKernel(folder, "finit_module", name);
	if (errno !== 0) throw new Error(`${name} cannot be live: errno ${errno}`);
}

/** Runs each call with the real modprobe and with our executable under that name. */
export async function runBothExecutables(
	machine: ModprobeMachine,
	calls: readonly ModprobeCall[],
): Promise<{ real: ModprobeRun; ours: ModprobeRun }[]> {
	const folder = mkdtempSync(join(tmpdir(), "modprobe-"));
	try {
		build(folder, machine);
		mkdirSync(join(folder, "bin"));
		symlinkSync(resolve("dist/main.js"), join(folder, "bin/modprobe"));
		const lively = machine.lively ?? false;
		const real = await runProcesses(folder, calls, { lively, path: REAL, seconds: 60 });
		const path = `${join(folder, "bin")}:${dirname(process.execPath)}:${REAL}`;
		const ours = await runProcesses(folder, calls, { lively, path, seconds: 60 });
		return calls.map((_, number) => ({ real: real[number]!, ours: ours[number]! }));
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

const REAL = "/sbin:/bin:/usr/bin";

type Processes = {
	readonly lively: boolean;
	readonly path: string;
	/**
	 * Seconds after which the process is killed: the real modprobe may loop for ever when the time of -w is over, and a process
	 * of node may start slowly.
	 */
	readonly seconds: number;
};

async function runProcesses(folder: string, calls: readonly ModprobeCall[], how: Processes): Promise<ModprobeRun[]> {
	const places = calls.map((_, number) => join(folder, `run-${number}`));
	const script = calls.map((call, number) => formatCall(folder, call, { ...how, place: places[number]! })).join("");
	writeFileSync(join(folder, "script"), script, "latin1");
	rmSync(join(folder, "root"), { recursive: true, force: true });
	const command = ["-Urm", "sh", "-eu", pretendRoot, folder, "sh", join(folder, "script")];
	await promisify(execFile)("unshare", command, { timeout: 120_000 });
	return places.map((place) => {
		const read = (name: string) => readFileSync(`${place}.${name}`, "latin1");
		const calls = inWork(folder, readRecord(`${place}.record`));
		rmSync(`${place}.record`, { force: true });
		return { status: Number(read("status")), stdout: read("stdout"), stderr: read("stderr"), calls };
	});
}

function formatCall(
	folder: string,
	{ words, environment, mute }: ModprobeCall,
	{ place, lively, path, seconds }: Processes & { readonly place: string },
): string {
	const variables = {
		...standinEnvironment(`${place}.record`),
		...(lively && { STANDIN_KERNEL: pretendKernel }),
		...environment,
		PATH: path,
	};
	const settings = Object.entries(variables).map(([name, value]) => `${name}=${quote(value)}`);
	const call = `env ${settings.join(" ")} timeout -s KILL ${seconds} modprobe ${words.map(quote).join(" ")}`;
	const command = mute ? `sh -c 'exec "$@" 2>&-' sh ${call}` : call;
	return `${lively ? "rm -rf /sys/module; cp -r /sys/start /sys/module" : ""}
{ (cd ${folder}/work && ${command} 2>${place}.stderr </dev/null); echo $? >${place}.status; } | cat >${place}.stdout
`;
}

function quote(word: string): string {
	return `'${word.replaceAll("'", "'\\''")}'`;
}

async function runOurs(
	folder: string,
	{ words, environment = {} }: ModprobeCall,
	lively: boolean,
): Promise<ModprobeRun> {
	if (lively) {
		rmSync(join(folder, "sys/module"), { recursive: true });
		cpSync(join(folder, "sys/start"), join(folder, "sys/module"), { recursive: true });
	}
	const written = { stdout: "", stderr: "" };
	const calls: RecordedCall[] = [];
	const machine: Pick<Machine, "environment" | "print" | "complain" | "openSyslog" | "kernel" | "workingDirectory"> = {
		environment,
		print: (text) => {
			written.stdout += typeof text === "string" ? text : Buffer.from(text).toString("latin1");
		},
		complain: (text) => {
			written.stderr += text;
		},
		async openSyslog(program) {
			calls.push({ call: "openlog", program, options: 2, facility: 24 });
			return (priority, text) => calls.push({ call: "syslog", program, priority, text });
		},
		kernel: async () =>
			recordingKernel(folder, {
				environment,
				lively,
				calls,
				complain: (text) => {
					written.stderr += text;
				},
			}),
		workingDirectory: () => join(folder, "work"),
	};
	const status = await modprobe.start(words, machine as Machine);
	return { status, ...written, calls: inWork(folder, calls) };
}

/** The recorded calls, with paths relative to the working directory of commands. */
function inWork(folder: string, calls: readonly RecordedCall[]): RecordedCall[] {
	return JSON.parse(JSON.stringify(calls).replaceAll(`${join(folder, "work")}/`, ""));
}
