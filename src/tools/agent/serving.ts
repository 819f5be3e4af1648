// The values that the agent's service is made from: options, machine, ports, kernel, settings, uevent source and journal.
import type { Settings } from "../../agent/settings/settings.js";
import type { Journal } from "../../agent/telling/journal.js";
import type { Kernel, ModuleFiles } from "../../libkmod/kernel/kernel.js";
import type { Machine } from "../../ports/machine.js";
import type { ServiceMachine } from "../../ports/service.js";
import type { UeventSource } from "../../ports/uevents.js";
import type { AgentOptions } from "./agent-options.js";

export type Serving = {
	readonly given: AgentOptions & { readonly notifyFd: number | undefined };
	readonly machine: Machine;
	readonly ports: ServiceMachine;
	readonly kernel: Kernel & ModuleFiles;
	readonly settings: Settings;
	readonly source: UeventSource;
	readonly journal: Journal;
};
