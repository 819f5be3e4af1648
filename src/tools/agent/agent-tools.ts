// The commands that ask a running agent, keyed by name. The module of a command is imported when that command is called.
import type { Tool } from "../command-line/command-line.js";

export const agentTools: Readonly<Record<string, () => Promise<Tool>>> = {
	status: async () => (await import("./status.js")).status,
	settle: async () => (await import("./settle.js")).settle,
	reload: async () => (await import("./agent-commands.js")).reload,
	load: async () => (await import("./load.js")).load,
	stop: async () => (await import("./agent-commands.js")).stop,
	timeline: async () => (await import("./timeline.js")).timeline,
	blame: async () => (await import("./timeline-lists.js")).blame,
	"critical-chain": async () => (await import("./timeline-lists.js")).criticalChain,
	metrics: async () => (await import("./agent-commands.js")).metrics,
};
