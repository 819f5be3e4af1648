// Runs systemd/alone/hotplugd-or-modprobe on a made-up machine: its paths lead into a folder, where stand-ins for the agent and
// for modprobe record how they are called.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { writeProgram } from "../running/written-program.js";

export type AloneOptions = {
	/** The command line of the shell that runs the script. */
	readonly shell: readonly string[];
	/** sh: the work of `hotplugd run`. Undefined means that there is no such program. */
	readonly agent?: string;
	/** sh: the work of `hotplugd settle`. Undefined means that it succeeds. */
	readonly settle?: string;
	/** sh: the work of modprobe, after it has recorded its words. */
	readonly modprobe?: string;
	readonly commandLine?: string;
	/**
	 * sh: the work of `hotplugd --version`, by which the script asks whether node knows an option. Undefined means that it does
	 * not.
	 */
	readonly probe?: string;
	/** The thin helper: the built one by default. Undefined, when given, means that there is none. */
	readonly helper?: Buffer | string | undefined;
	/**
	 * Limits in seconds. By default they are the script's own, but for `ready` and `retry`, which are so long that no test
	 * reaches a retry.
	 */
	readonly seconds?: Partial<Record<"check" | "ready" | "late" | "load" | "settle" | "retry", number>>;
};

/** sh of an agent that tells that it is ready, and runs until SIGTERM. */
export const GOOD_AGENT = `trap 'echo stopped >>"$folder/calls"; exit 0' TERM; echo >&9; while :; do sleep 0.1; done`;

/** Aliases of the devices: with blanks, quotes, a leading dash, without a newline at the end, and one of them twice. */
const aliases = ["acpi:A B:\n", `x:it's"so"\n`, "-x:none\n", "typec:id1", "x:two\nx:lines\n", "\n", "acpi:A B:\n"];

export const words = [`[-abq][--][-x:none][acpi:A B:][typec:id1][x:it's"so"][x:lines][x:two]`];

export type AloneMachine = ReturnType<typeof makeAloneMachine>;

export function makeAloneMachine(options: AloneOptions) {
	const folder = mkdtempSync(join(tmpdir(), "alone-"));
	const at = (name: string): string => join(folder, name);
	const script = at("hotplugd-or-modprobe");
	writeFileSync(script, readScript(folder, options));
	aliases.forEach((alias, n) => {
		mkdirSync(at(`devices/${n} of/them`), { recursive: true });
		writeFileSync(at(`devices/${n} of/them/modalias`), alias);
	});
	for (const name of ["calls", "kmsg"]) writeFileSync(at(name), "");
	writeFileSync(at("cmdline"), options.commandLine ?? "quiet\n");
	writeFileSync(at("modprobe-path"), "/sbin/kernels-own\n");
	const agent = `case $1 in run) ${options.agent} ;; settle) ${options.settle ?? ":"} ;; esac`;
	const probe = `[ "$1" != --version ] || { ${options.probe ?? "exit 9"}; exit; }`;
	if (options.agent !== undefined) writeProgram(at("hotplugd"), standIn(folder, "hotplugd", agent, probe));
	writeProgram(at("modprobe"), standIn(folder, "modprobe", options.modprobe ?? ":"));
	if (!("helper" in options)) cpSync("dist/hotplugd-load", at("helper"));
	else if (options.helper !== undefined) writeFileSync(at("helper"), options.helper);
	if (existsSync(at("helper"))) chmodSync(at("helper"), 0o755);
	const children: ChildProcess[] = [];
	const read = (name: string): string => readFileSync(at(name), "utf8");
	return {
		at,
		read,
		script,
		calls: (program: string): string[] =>
			read("calls")
				.split("\n")
				.filter((line) => line.startsWith(`${program} `))
				.map((line) => line.slice(program.length + 1)),
		/** Starts the script. Descriptor 3 is a pipe. */
		begin(...command: readonly string[]) {
			const [program = "", ...first] = options.shell;
			const child = spawn(program, [...first, script, ...command], {
				stdio: ["ignore", "pipe", "pipe", "pipe"],
				detached: true,
			});
			children.push(child);
			let [stderr, told] = ["", ""];
			child.stderr?.on("data", (text) => {
				stderr += text;
			});
			const pipe = child.stdio[3] as unknown as NodeJS.ReadableStream;
			pipe.on("data", (text) => {
				told += text;
			});
			const ended = once(child, "exit").then(([status]): number | null => status);
			return { child, ended, stderr: () => stderr, told: () => told };
		},
		async until(isTrue: () => boolean): Promise<void> {
			const deadline = performance.now() + 40_000;
			while (!isTrue()) {
				if (performance.now() > deadline)
					throw new Error(`never came true: ${isTrue}; ${read("calls")}${read("kmsg")}`);
				await setTimeout(20);
			}
		},
		exists: (name: string): boolean => existsSync(at(name)),
		/** Kills the process groups of everything that was started. */
		remove() {
			for (const { pid } of children) killGroup(pid);
			rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
		},
	};
}

function killGroup(pid: number | undefined): void {
	try {
		if (pid !== undefined) process.kill(-pid, "SIGKILL");
	} catch {
		// The process group has ended.
	}
}

/** The script, with the definitions of its paths changed to those of the folder. */
export function readScript(folder: string, { seconds = {} }: Pick<AloneOptions, "seconds">): string {
	const at = (name: string) => join(folder, name);
	const values: Readonly<Record<string, string>> = {
		hotplugd: at("hotplugd"),
		modprobe: at("modprobe"),
		helper: at("helper"),
		kernels_modprobe: at("modprobe-path"),
		kernels_log: at("kmsg"),
		command_line: at("cmdline"),
		devices: at("devices"),
		state: at("state"),
		...Object.fromEntries(
			Object.entries({ ready: 300, retry: 3000, ...seconds }).map(([name, value]) => [
				`${name}_seconds`,
				String(value),
			]),
		),
	};
	let script = readFileSync("systemd/alone/hotplugd-or-modprobe", "utf8");
	for (const [name, value] of Object.entries(values)) {
		const definition = new RegExp(`^${name}=.*$`, "m");
		if (!definition.test(script)) throw new Error(`the script has no ${name}`);
		script = script.replace(definition, `${name}=${value}`);
	}
	return script;
}

/** @param first sh that runs before the call is recorded */
function standIn(folder: string, name: string, does: string, first = ":"): string {
	return `#!/bin/sh
folder=${folder}
${first}
{ printf '${name} '; printf '[%s]' "$@"; echo; } >>"$folder/calls"
${does}
`;
}
