// The kernel of a made-up machine, for tools that run in this process. It answers as the stand-in (standin.c) does, and records
// calls in the same form.
import { spawnSync } from "node:child_process";
import { constants as flags } from "node:fs";
import { constants, release } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Files, type Kernel, type ModuleFiles, Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { files } from "../../../src/linux/files/files.js";
import { openKernel } from "../../../src/linux/modules/kernel.js";
import type { RecordedCall } from "./standin.js";

export const pretendKernel = fileURLToPath(
	new URL("../../../../test/support/programs/pretend-kernel.sh", import.meta.url),
);
const directory = `/lib/modules/${release()}`;

export type RecordingOptions = {
	/** The settings STANDIN_FINIT_MODULE and STANDIN_DELETE_MODULE, and further variables for the environment of commands. */
	readonly environment: Readonly<Record<string, string>>;
	/** Whether calls change /sys/module. */
	readonly lively: boolean;
	readonly calls: RecordedCall[];
	/** Gets the standard error of commands. */
	complain(text: string): void;
};

/** Makes a call take effect in the /sys/module below a folder. @returns the errno, 0 for success */
export function askPretendKernel(folder: string, call: string, subject: string): number {
	return spawnSync(pretendKernel, [call, subject], { env: { PRETEND_ROOT: folder } }).status ?? 5;
}

/** A kernel that reads the machine's files, and that records and answers calls as the stand-in does. */
export function recordingKernel(
	folder: string,
	{ environment, lively, calls, complain }: RecordingOptions,
): Kernel & ModuleFiles {
	const real = openKernel();
	const place = (path: string): string => {
		if (path.startsWith(`${directory}/`)) return join(folder, "modules", path.slice(directory.length));
		if (/^\/(proc|sys)\//.test(path)) return join(folder, path);
		return path.startsWith("/") ? path : join(folder, "work", path);
	};
	const reading: Files = {
		read: (path) => files.read(place(path)),
		list: (path) => files.list(place(path)),
		stamp: (path) => files.stamp(place(path)),
	};
	const counts = new Map<string, number>();
	const answer = (call: string, operation: string, subject: string, parameters: string): void => {
		const [, told, times] = /^(\d+)(?:\*(\d+))?$/.exec(environment[`STANDIN_${call.toUpperCase()}`] ?? "") ?? [];
		const count = (counts.get(call) ?? 0) + 1;
		counts.set(call, count);
		const [, inParameters] = /standin\.errno=(\d+)/.exec(parameters) ?? [];
		const always = told !== undefined && (times === undefined || count <= Number(times)) ? Number(told) : 0;
		const errno = Number(inParameters ?? 0) || always || (lively ? askPretendKernel(folder, call, subject) : 0);
		if (errno !== 0) throw new Refusal({ operation, subject, code: nameOf(errno), errno });
	};
	return {
		...reading,
		release: release(),
		readModule: (path) => real.readModule(place(path)),
		async insert(path, parameters, { forceModversion, forceVermagic } = {}) {
			if (reading.stamp(path) === undefined) throw new Refusal({ operation: "open", subject: path, code: "ENOENT" });
			const asked = (forceModversion ? 1 : 0) | (forceVermagic ? 2 : 0);
			calls.push({ call: "finit_module", file: path.replace(/^\.\//, ""), closedOnExec: 1, parameters, flags: asked });
			answer("finit_module", "insert", path, parameters);
		},
		async remove(module, { force } = {}) {
			const asked = flags.O_NONBLOCK | (force ? flags.O_TRUNC : 0);
			calls.push({ call: "delete_module", name: module, flags: asked });
			answer("delete_module", "remove", module, "");
		},
		async run(command, variables) {
			const env = { PATH: "/sbin:/bin:/usr/bin", ...environment, ...variables };
			const { status, stderr } = spawnSync("/bin/sh", ["-c", command], {
				cwd: join(folder, "work"),
				env,
				encoding: "latin1",
			});
			complain(stderr);
			return status ?? 137;
		},
	};
}

/** Errnos whose names node does not know. */
const others: Readonly<Record<number, string>> = { 126: "ENOKEY", 129: "EKEYREJECTED" };

function nameOf(errno: number): string {
	return others[errno] ?? Object.entries(constants.errno).find(([, number]) => number === errno)?.[0] ?? `E${errno}`;
}
