// The options of coldplug.
import type { Options, Values } from "../command-line/options.js";
import { agentOptions } from "./agent-start.js";

export const coldplugOptions = {
	dryRun: { short: "n", help: "Print what would be loaded, in order, and why; change nothing" },
	json: { help: "Print JSON, one record a line" },
	...agentOptions,
	sysfs: { argument: "DIR", help: "Take the devices below DIR instead of /sys, or of -d's sys (with --dry-run)" },
	quiet: { argument: "MILLISECONDS", number: true, help: "End when nothing has come up for so long" },
	timeout: {
		argument: "SECONDS",
		number: true,
		help: "End after so long, whatever is in flight then, and say what is",
	},
	quietly: { short: "q", help: "Say nothing about drivers that failed" },
	verbose: { short: "v", repeat: true, help: "Say what was done, and with --dry-run what asks for nothing" },
} as const satisfies Options;

export type ColdplugOptions = Values<typeof coldplugOptions>;
