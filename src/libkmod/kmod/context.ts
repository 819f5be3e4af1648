// The state that the parts of a Kmod share: the machine, its configuration and indexes, the log and the table of flights.
import type { Flights } from "../insertion/flights.js";
import type { Kernel, ModuleFiles } from "../kernel/kernel.js";
import type { Knowledge } from "../knowledge/knowledge.js";

/**
 * A log line for people. An error tells of an action that was not done, in the words of libkmod's log. A warning tells of a
 * line of the configuration that looks effective but is ignored.
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
