// The options of coldplug.

import { agentOptions } from "../agent/agent-options.js";
import type { Options, Values } from "../command-line/options.js";

const forms = "How a dry run is shown, in place of a summary and a table of devices:";
const filters = "What of a dry run is shown (each may be repeated):";

export const coldplugOptions = {
	dryRun: { short: "n", help: "Print what would be loaded, and why; change nothing" },
	json: { help: "Print JSON, one record a line" },
	order: { group: forms, help: "Every module in order, by batch and level, with its cause" },
	tree: { group: forms, help: "Each module that a device asks for, and below it what it needs" },
	dot: { group: forms, help: "The graph of all modules, for Graphviz' dot" },
	module: { group: filters, argument: "NAME", repeat: true, help: "This module, and those that need it" },
	device: {
		group: filters,
		argument: "DEVICE",
		repeat: true,
		help: "This device: its path, the end of it, or its address",
	},
	subsystem: { group: filters, argument: "NAME", repeat: true, help: "The devices of this subsystem, such as pci" },
	state: {
		group: filters,
		argument: "STATE",
		repeat: true,
		help: "Modules and devices in this state: wanted, loaded, built-in, kept-out, missing, failed, not-bound, firmware-missing, no-driver or no-module",
	},
	...agentOptions,
	sysfs: { argument: "DIR", help: "Take the devices below DIR instead of /sys, or of -d's sys (with --dry-run)" },
	cold: { help: "Count no module as loaded, as when the machine starts (with --dry-run)" },
	quiet: {
		argument: "MILLISECONDS",
		number: true,
		help: "End when no device or module has come up for this many milliseconds",
	},
	timeout: {
		argument: "SECONDS",
		number: true,
		help: "End after this many seconds, and name the modules that are still in flight",
	},
	timeline: {
		argument: "FILE",
		help: "Write into FILE when each module was wanted, began and ended: as .svg, .html or .json",
	},
	quietly: { short: "q", help: "Say nothing about drivers that failed" },
	verbose: {
		short: "v",
		repeat: true,
		help: "Say what was done, with a summary at the end; with --dry-run, also which devices ask for no module that there is",
	},
} as const satisfies Options;

export type ColdplugOptions = Values<typeof coldplugOptions> & {
	/** Operands: each names a module, a device or a subsystem that a dry run is asked about. */
	readonly words: readonly string[];
};
