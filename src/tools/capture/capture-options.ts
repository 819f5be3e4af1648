// The options of capture.

import type { Options, Values } from "../command-line/options.js";
import { DEFAULT_SOCKET } from "../explain/explain-options.js";

export const captureOptions = {
	unmasked: {
		help: "Keep serials, addresses and the names of host, disk and user as they are",
	},
	withoutIndexes: {
		help: "Take digests of the kernel's indexes in place of their contents: a command then needs that kernel (-d)",
	},
	dirname: { short: "d", argument: "DIR", help: "Capture the machine whose root is DIR" },
	setVersion: { short: "S", argument: "VERSION", help: "With -d, take this kernel release" },
	sysfs: { argument: "DIR", help: "Take the devices below DIR instead of /sys, or of -d's sys" },
	log: {
		argument: "FILE",
		help: "Take the last answers of the kernel from this log of the agent, or of coldplug --json",
	},
	socket: { argument: "PATH", help: `Ask the agent whose control socket is PATH instead of ${DEFAULT_SOCKET}` },
} as const satisfies Options;

export type CaptureOptions = Values<typeof captureOptions>;
