// What the parts of a Kmod share: the machine, what was read of its configuration and indexes, and who is told what.
import type { Flights } from "../insertion/flights.js";
import type { Kernel, ModuleFiles } from "../kernel/kernel.js";
import type { Knowledge } from "../knowledge/knowledge.js";

/**
 * A line for people. An error is something that was not done, in the words of libkmod's log; a warning is of a line in the
 * configuration that looks as if it counted.
 */
export type LogEntry = { readonly level: "error" | "warning"; readonly message: string };

export type Context = {
	readonly machine: Kernel & ModuleFiles;
	/** Such as /lib/modules/6.1.0-56-amd64. */
	readonly moduleDirectory: string;
	/** Where sysfs and procfs are mounted. */
	readonly sysfs: string;
	readonly proc: string;
	/** Reads the indexes at the first call. */
	knowledge(): Knowledge;
	log(entry: LogEntry): void;
	readonly flights: Flights;
};
