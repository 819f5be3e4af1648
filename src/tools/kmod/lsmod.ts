// lsmod(8): lists the kernel's modules, most recently inserted first, as /proc/modules and /sys/module describe them.

import { type LoadedModule, type ModuleState, parseProcModules } from "../../libkmod/formats/proc-modules.js";
import { bounds } from "../../libkmod/kernel/bounds.js";
import { type Kernel, Refusal } from "../../libkmod/kernel/kernel.js";
import type { WholeNumber } from "../../libkmod/kernel/whole-number.js";
import { readHolders, readReferences, readSize } from "../../libkmod/knowledge/live-state.js";
import { formatJson } from "../../libkmod/text/byte-strings.js";
import { formatErrno } from "../../libkmod/text/error-text.js";
import { normaliseModuleName } from "../../libkmod/text/module-name.js";
import type { Machine } from "../../ports/machine.js";
import { defineTool, type Tool } from "../command-line/command-line.js";
import { oneLine } from "../command-line/guarded-machine.js";
import { openMessages } from "../command-line/messages.js";
import type { Options } from "../command-line/options.js";
import { messageOptions } from "./small-tool-options.js";

const options = {
	json: { help: 'Print JSON, one module a line: {"module","size","references","holders","state"}' },
	...messageOptions,
} as const satisfies Options;

/** A line of lsmod --json and of kmod list --json: a module that the kernel has, starting with the one inserted last. */
export type ModuleRecord = {
	/** The module's name, with underscores. */
	readonly module: string;
	/** Bytes of memory. Absent if the kernel does not tell. */
	readonly size?: WholeNumber;
	/**
	 * The reference count: how often the module is in use. Absent if the kernel does not tell.
	 *
	 * @asType integer
	 */
	readonly references?: number;
	/** Modules that need this one. */
	readonly holders: readonly string[];
	/** `coming` while the module's init runs, `going` while the module is removed. */
	readonly state: ModuleState;
};

export const lsmod = defineLister("lsmod", "lsmod");
/** lsmod under its name as a command of kmod. */
export const kmodList = defineLister("kmod list", "list");

function defineLister(name: string, program: string): Tool {
	return defineTool({
		name,
		program,
		kmod: true,
		summary: "Lists the modules that the kernel has, with what uses them.",
		options,
		captured: {},
		async run({ options: { json, syslog }, operands }, machine) {
			const say = await openMessages(machine, { program, syslog });
			if (operands.length > 0) {
				say("ERROR", "too many arguments provided.");
				return 1;
			}
			try {
				const records = listModules(await machine.kernel());
				machine.print(
					json ? records.map((record) => `${formatJson(record)}\n`).join("") : formatTable(records, machine),
				);
				return 0;
			} catch (error) {
				if (!(error instanceof Refusal) || error.operation === "write") throw error;
				say("ERROR", `could not get list of modules: ${formatErrno(error)}`);
				return 1;
			}
		},
	});
}

/** @throws {Refusal} ENOENT when /proc/modules does not exist, as in a kernel that was built without modules */
function listModules(kernel: Kernel): ModuleRecord[] {
	const text = kernel.read("/proc/modules", bounds.loadedModules)?.toString("latin1");
	if (text === undefined) throw new Refusal({ operation: "read", subject: "/proc/modules", code: "ENOENT" });
	return parseProcModules(text).map((listed) => {
		const module = normaliseModuleName(listed.module);
		const size = readSize(kernel, "/sys", module) ?? sizeWithoutFile(kernel, listed, module);
		const references = readReferences(kernel, "/sys", module);
		return {
			module,
			...(size !== undefined && { size }),
			...(references !== undefined && { references }),
			holders: readHolders(kernel, "/sys", module),
			state: listed.state,
		};
	});
}

/**
 * The size, in bytes, for kernels before 3.2: they have no size file in the module's directory in /sys. Undefined when that
 * directory does not exist.
 */
function sizeWithoutFile(kernel: Kernel, { size }: LoadedModule, module: string): number | undefined {
	return kernel.stamp(`/sys/module/${module}`) === undefined ? undefined : size;
}

function formatTable(records: readonly ModuleRecord[], machine: Machine): string {
	const rows = ["Module                  Size  Used by", ...records.map(formatRow)];
	return rows.map((row) => `${oneLine(machine, 1, row)}\n`).join("");
}

/** Formats a row of the table. An unknown number is printed as -2, which is -ENOENT, as in kmod. */
function formatRow({ module, size = -2, references = -2, holders }: ModuleRecord): string {
	const users = holders.length === 0 ? "" : ` ${holders.join(",")}`;
	return `${module.padEnd(19)} ${String(size).padStart(8)}  ${references}${users}`;
}
