// The options shared by lsmod, insmod and rmmod.
import type { Options } from "../command-line/options.js";

export const messageOptions = {
	syslog: { short: "s", help: "Write messages to syslog, not to standard error" },
	verbose: { short: "v", repeat: true, help: "Say more" },
} as const satisfies Options;

export const forceOptions = {
	force: { short: "f", help: "Both of the next two options, which may crash the machine" },
	forceModversion: { help: "Insert even where the versions of symbols differ" },
	forceVermagic: { help: "Insert even a module built for another kernel" },
} as const satisfies Options;
