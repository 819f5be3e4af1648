// Runs our modprobe in this process, on this machine's files.
import { openKernel } from "../../../src/linux/modules/kernel.js";
import type { Machine } from "../../../src/ports/machine.js";
import { modprobe } from "../../../src/tools/modprobe/modprobe.js";

export type Printed = { readonly status: number; readonly stdout: string; readonly stderr: string };

/** Returns the output, the messages and the exit status. Text consists of bytes, one character each. */
export async function ourModprobe(...words: readonly string[]): Promise<Printed> {
	const stdout: string[] = [];
	const stderr: string[] = [];
	const machine: Pick<Machine, "environment" | "print" | "complain" | "kernel"> = {
		environment: {},
		print: (text) => stdout.push(Buffer.from(text).toString("latin1")),
		complain: (text) => stderr.push(text),
		kernel: async () => openKernel(),
	};
	const status = await modprobe.start(words, machine as Machine);
	return { status, stdout: stdout.join(""), stderr: stderr.join("") };
}
