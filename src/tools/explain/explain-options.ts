// The options of explain.

import { agentOptions } from "../agent/agent-options.js";
import type { Options, Values } from "../command-line/options.js";

/** The control socket of an agent with the default settings, as in ask-agent.ts, which loads more than explain needs. */
export const DEFAULT_SOCKET = "/run/hotplugd/control";

export const explainOptions = {
	json: { help: "Print JSON, one object a subject" },
	...agentOptions,
	sysfs: { argument: "DIR", help: "Take the devices below DIR instead of /sys, or of -d's sys" },
	also: {
		argument: "DIR",
		repeat: true,
		help: "For a device without a driver, look also in this module directory, or in the modules of this root",
	},
	log: {
		argument: "FILE",
		ofHost: true,
		help: "Take the last answers of the kernel from this log of the agent, or of coldplug --json",
	},
	socket: { argument: "PATH", help: `Ask the agent whose control socket is PATH instead of ${DEFAULT_SOCKET}` },
	verbose: { short: "v", repeat: true, help: "Show the whole chain where it is cut" },
} as const satisfies Options;

export type ExplainOptions = Values<typeof explainOptions>;
