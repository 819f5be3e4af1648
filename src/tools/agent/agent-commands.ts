// hotplugd reload, stop and metrics: each command sends one request to the running agent and prints little or nothing of the
// reply.
import type { ControlReplies } from "../../agent/control/protocol.js";
import type { Machine } from "../../ports/machine.js";
import { defineTool } from "../command-line/command-line.js";
import { askAgent, askOptions, LONGEST_WAIT_MILLISECONDS, SOON_MILLISECONDS } from "./ask-agent.js";

type Command = "reload" | "stop" | "metrics";

type Asking<C extends Command> = {
	readonly command: C;
	readonly summary: string;
	readonly timeoutMilliseconds: number;
	tell(answer: ControlReplies[C], machine: Machine): void;
};

function defineAsking<C extends Command>({ command, summary, timeoutMilliseconds, tell }: Asking<C>) {
	return defineTool({
		name: `hotplugd ${command}`,
		summary,
		options: askOptions,
		mostOperands: 0,
		async run({ options: { socket } }, machine) {
			const answer = await askAgent(machine, { request: { command }, socket, timeoutMilliseconds });
			if (answer === undefined) return 1;
			tell(answer, machine);
			return 0;
		},
	});
}

export const reload = defineAsking({
	command: "reload",
	summary: "Has the running agent reload indexes and configuration.",
	// The agent lets the insertions in flight end before it reloads, and a driver's init has no upper bound.
	timeoutMilliseconds: LONGEST_WAIT_MILLISECONDS,
	tell({ problems }, machine) {
		if (problems === 0) return;
		machine.complain(`hotplugd reload: ${problems} ${problems === 1 ? "problem" : "problems"}: see the agent's log\n`);
	},
});

export const stop = defineAsking({
	command: "stop",
	summary: "Has the running agent end, as SIGTERM does.",
	timeoutMilliseconds: SOON_MILLISECONDS,
	tell() {},
});

export const metrics = defineAsking({
	command: "metrics",
	summary: "Prints the running agent's metrics in Prometheus' text format.",
	timeoutMilliseconds: SOON_MILLISECONDS,
	tell: ({ text }, machine) => machine.print(text),
});
