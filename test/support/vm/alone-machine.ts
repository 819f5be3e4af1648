// systemd/alone/hotplugd-or-modprobe on a machine that is made up: its paths lead into a folder, in which stand-ins for the agent and
// for modprobe write down how they were called.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { writeProgram } from "../running/written-program.js";

export type AloneOptions = {
	/** The shell's command line. */
	readonly shell: readonly string[];
	/** sh: what the agent does when it is run; absent: there is no such program. */
	readonly agent?: string;
	/** sh: what `hotplugd settle` does; absent: it ends well. */
	readonly settle?: string;
	/** sh: what modprobe does beside writing down its words. */
	readonly modprobe?: string;
	readonly commandLine?: string;
	/** sh: what `hotplugd --version` does, by which its node is asked for an option; absent: its node does not know that one. */
	readonly probe?: string;
	/** The thin helper: the built one, unless given; undefined: there is none. */
	readonly helper?: Buffer | string | undefined;
	/** Other limits, in seconds: the script's own where absent, but what it does not try again soon it does not try in a test's time. */
	readonly seconds?: Partial<Record<"check" | "ready" | "late" | "load" | "settle" | "retry", number>>;
};

/** sh, for an agent: it is ready, and runs until SIGTERM. */
export const GOOD_AGENT = `trap 'echo stopped >>"$folder/calls"; exit 0' TERM; echo >&9; while :; do sleep 0.1; done`;

/** What devices have there: blanks, quotes, what looks like an option, no newline at the end, and one twice. */
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
		/** Begins it; descriptor 3 is a pipe. */
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
			const patience = performance.now() + 40_000;
			while (!isTrue()) {
				if (performance.now() > patience)
					throw new Error(`never came true: ${isTrue}; ${read("calls")}${read("kmsg")}`);
				await setTimeout(20);
			}
		},
		exists: (name: string): boolean => existsSync(at(name)),
		/** What it has begun ends with it. */
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
		// Nothing is left of it.
	}
}

/** Its definitions' paths are those of the folder. */
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

/** @param first what it does before it writes down how it was called */
function standIn(folder: string, name: string, does: string, first = ":"): string {
	return `#!/bin/sh
folder=${folder}
${first}
{ printf '${name} '; printf '[%s]' "$@"; echo; } >>"$folder/calls"
${does}
`;
}
