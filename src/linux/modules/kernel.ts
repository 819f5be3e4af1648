// The Kernel port on the real machine: reads module files, inserts and removes modules, and runs the commands of modprobe.d.

import { constants, release } from "node:os";
import { attributeWord } from "../../libkmod/formats/attribute.js";
import { type Files, type Kernel, type ModuleFiles, Refusal, type RunFlags } from "../../libkmod/kernel/kernel.js";
import { exactCommand } from "../commands/exact-command.js";
import type { Compression } from "../decoding/module-file.js";
import { files } from "../files/files.js";
import { refusalFor } from "../files/refusal.js";
import { readEnvironment } from "../process/process-words.js";

// A lazy import, since most commands neither insert nor remove a module.
const operations = () => import("./module-operations.js");

/** The running kernel. No native code is loaded before the first insertion or removal. @param sysfs the path of sysfs */
export function openKernel({ sysfs = "/sys" }: { readonly sysfs?: string } = {}): Kernel & ModuleFiles {
	const kernelUnpacks = whatKernelUnpacks(sysfs, files);
	return {
		...files,
		release: release(),
		readModule: (path) => refusing("read", path, async () => (await operations()).readModule(path)),
		insert: (path, parameters, flags = {}) =>
			refusing("insert", path, async () => (await operations()).insertModule(path, parameters, flags, kernelUnpacks)),
		remove: (module, flags = {}) =>
			refusing("remove", module, async () => (await operations()).unloadModule(module, flags)),
		run: (command, environment, flags = {}) => refusing("run", command, () => run(command, environment, flags)),
	};
}

/**
 * Tells whether the kernel decompresses modules of a compression itself. Linux 5.17 and later, built with
 * CONFIG_MODULE_DECOMPRESS, name their one compression in /sys/module/compression. While that file cannot be read the answer is
 * false for all of them, which is safe: every kernel accepts a module that was decompressed in user space.
 */
export function whatKernelUnpacks(sysfs: string, { read }: Pick<Files, "read">): (compression: Compression) => boolean {
	let told: { readonly compression: string | undefined } | undefined;
	return (compression) => {
		try {
			told ??= { compression: wordIn(read(`${sysfs}/module/compression`)) };
			return told.compression === compression;
		} catch (error) {
			if (error instanceof Refusal) return false;
			throw error;
		}
	};
}

const wordIn = (bytes: Buffer | undefined): string | undefined => bytes && attributeWord(bytes);

async function refusing<T>(operation: string, subject: string, act: () => Promise<T>): Promise<T> {
	try {
		return await act();
	} catch (thrown) {
		throw refusalFor(operation, subject, thrown);
	}
}

async function run(
	command: string,
	environment: Readonly<Record<string, string>>,
	{ inherits = true, onBegun }: RunFlags,
): Promise<number> {
	const all = inherits ? { ...readEnvironment(process.env), ...environment } : environment;
	const { program, parameters, env } = exactCommand(["/bin/sh", "-c", command], all);
	const { spawn } = await import("node:child_process");
	return new Promise((resolve, reject) => {
		// A detached command leads a session, by which its descendants are recognised after their parents have ended. A command that
		// inherits stays in the session of the terminal.
		const child = spawn(program, parameters, { stdio: "inherit", env, detached: !inherits });
		if (child.pid !== undefined) onBegun?.(child.pid);
		child.once("error", reject);
		child.once("exit", (status, signal) => resolve(status ?? 128 + (signal ? constants.signals[signal] : 0)));
	});
}
