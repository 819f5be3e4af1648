// Makes calls of the real Kernel, all at once, in a process into which a library can be preloaded. The outcomes are printed on
// stdout.

import { execFile } from "node:child_process";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { InsertFlags, RemoveFlags } from "../../../src/libkmod/kernel/kernel.js";

export type KernelCall =
	| { readonly insert: readonly [path: string, parameters: string, flags?: InsertFlags] }
	| { readonly remove: readonly [module: string, flags?: RemoveFlags] };

/** "done", or the refusal's operation, subject, code and errno. */
export type CallOutcome = "done" | readonly [operation: string, subject: string, code: string, errno: number];

const script = fileURLToPath(import.meta.url);

/** @param sysfs the directory in place of /sys @param environment variables in addition to those of this process */
export async function callKernel(
	calls: readonly KernelCall[],
	environment: Readonly<Record<string, string>>,
	sysfs = "/sys",
): Promise<CallOutcome[]> {
	const { stdout } = await promisify(execFile)(process.execPath, [script, sysfs, JSON.stringify(calls)], {
		env: { ...process.env, ...environment },
		maxBuffer: 2 ** 26,
	});
	return JSON.parse(stdout);
}

async function carryOut(sysfs: string, calls: readonly KernelCall[]): Promise<CallOutcome[]> {
	const { openKernel } = await import("../../../src/linux/modules/kernel.js");
	const { Refusal } = await import("../../../src/libkmod/kernel/kernel.js");
	const kernel = openKernel({ sysfs });
	return await Promise.all(
		calls.map(async (call) => {
			try {
				await ("insert" in call ? kernel.insert(...call.insert) : kernel.remove(...call.remove));
				return "done";
			} catch (error) {
				if (!(error instanceof Refusal)) throw error;
				return [error.operation, error.subject, error.code, error.errno] as const;
			}
		}),
	);
}

if (argv[1] === script) {
	console.log(JSON.stringify(await carryOut(argv[2]!, JSON.parse(argv[3]!))));
}
