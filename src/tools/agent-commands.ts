// hotplugd reload, stop and metrics: they ask the agent, and have next to nothing to say of the answer.
import { askAgent, askOptions, LONGEST_WAIT, SOON } from "./ask-agent.js";
import { defineTool } from "./command-line.js";

export const reload = defineTool({
	name: "hotplugd reload",
	summary: "Has the running agent read indexes and configuration anew.",
	options: askOptions,
	mostOperands: 0,
	async run({ options: { socket } }, machine) {
		const request = { command: "reload" } as const;
		// What is in flight is finished first.
		const answer = await askAgent(machine, { request, socket, timeoutMilliseconds: LONGEST_WAIT });
		if (answer === undefined) return 1;
		const { problems } = answer;
		if (problems > 0)
			machine.complain(
				`hotplugd reload: ${problems} ${problems === 1 ? "problem" : "problems"}: see the agent's log\n`,
			);
		return 0;
	},
});

export const stop = defineTool({
	name: "hotplugd stop",
	summary: "Has the running agent end, as SIGTERM does.",
	options: askOptions,
	mostOperands: 0,
	async run({ options: { socket } }, machine) {
		const request = { command: "stop" } as const;
		return (await askAgent(machine, { request, socket, timeoutMilliseconds: SOON })) === undefined ? 1 : 0;
	},
});

export const metrics = defineTool({
	name: "hotplugd metrics",
	summary: "Prints the running agent's metrics in Prometheus' text format.",
	options: askOptions,
	mostOperands: 0,
	async run({ options: { socket } }, machine) {
		const request = { command: "metrics" } as const;
		const answer = await askAgent(machine, { request, socket, timeoutMilliseconds: SOON });
		if (answer === undefined) return 1;
		machine.print(answer.text);
		return 0;
	},
});
