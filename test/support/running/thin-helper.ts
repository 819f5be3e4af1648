// The thin helper, compiled with paths in its working directory, and a stand-in for modprobe.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeProgram } from "./written-program.js";

export const THIN_HELPER = "src/linux/thin-helper/hotplugd-load.c";

export type ThinHelper = {
	/** The working directory. */
	readonly folder: string;
	readonly spool: string;
	/** The path of a file for a stepped clock, if the helper is to have a wall clock of its own. */
	readonly clock: string;
	/** Runs the helper. Resolves with the exit status. @param more further variables of the environment */
	run(words: readonly string[], modalias?: string, more?: Readonly<Record<string, string>>): Promise<number | null>;
	/** The calls of modprobe, each as a line with the words in brackets. */
	modprobeCalls(): string[];
	/** Serves the helper's socket. `answer` gets each connection, and `lines` collects the lines that the helper sends. */
	serve(answer: (socket: Socket) => void): Promise<{ readonly lines: string[]; close(): Promise<void> }>;
	remove(): void;
};

const paths = ['-DSOCKET="load"', '-DMODPROBE="./modprobe"', '-DSPOOL="spool"'];
const programs = mkdtempSync(join(tmpdir(), "thin-helpers-"));
process.on("exit", () => rmSync(programs, { recursive: true, force: true }));

/**
 * Compiles the helper so that it connects to the socket `load` in its working directory.
 * @param seconds the time that it waits for an answer.
 * @returns the program's path
 */
export function compileThinHelper(seconds: number): string {
	const program = join(programs, `${seconds}`);
	const options = ["-O2", "-Wall", "-Wextra", "-Werror", `-DSECONDS=${seconds}`, ...paths];
	if (!existsSync(program)) execFileSync("gcc", [...options, "-o", program, THIN_HELPER], { stdio: "inherit" });
	return program;
}

/** @param seconds the time that the helper waits for an answer. @param modprobe whether there is a modprobe; it exits with 7 */
export function makeThinHelper(seconds: number, modprobe: boolean): ThinHelper {
	const folder = mkdtempSync(join(tmpdir(), "thin-helper-"));
	const at = (name: string) => join(folder, name);
	const program = compileThinHelper(seconds);
	writeFileSync(at("calls"), "");
	if (modprobe) writeProgram(at("modprobe"), `#!/bin/sh\n{ printf '[%s]' "$@"; echo; } >>${at("calls")}\nexit 7\n`);
	return {
		folder,
		spool: at("spool"),
		clock: at("clock"),
		async run(words, modalias, more) {
			const env = { PATH: "/usr/bin:/bin", ...more, ...(modalias !== undefined && { MODALIAS: modalias }) };
			const child = spawn(program, words, { cwd: folder, env, stdio: "ignore" });
			const [status] = await once(child, "exit");
			return status;
		},
		modprobeCalls: () => readFileSync(at("calls"), "utf8").split("\n").slice(0, -1),
		async serve(answer) {
			const lines: string[] = [];
			const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
				socket.on("error", () => {});
				socket.once("data", (line) => {
					lines.push(line.toString("utf8"));
					answer(socket);
				});
			});
			await once(server.listen(at("load")), "listening");
			return {
				lines,
				async close() {
					server.close();
					await once(server, "close");
				},
			};
		},
		remove: () => rmSync(folder, { recursive: true }),
	};
}
