// The options of coldplug.
import type { Options, Values } from "../command-line/options.js";
import { agentOptions } from "./agent-options.js";

export const coldplugOptions = {
	dryRun: { short: "n", help: "Print what would be loaded, in order, and why; change nothing" },
	json: { help: "Print JSON, one record a line" },
	...agentOptions,
	sysfs: { argument: "DIR", help: "Take the devices below DIR instead of /sys, or of -d's sys (with --dry-run)" },
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
	quietly: { short: "q", help: "Say nothing about drivers that failed" },
	verbose: {
		short: "v",
		repeat: true,
		help: "Say what was done, and with --dry-run also which aliases match no module or a built-in one",
	},
} as const satisfies Options;

export type ColdplugOptions = Values<typeof coldplugOptions>;
