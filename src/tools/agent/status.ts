// hotplugd status: prints the state of the running agent, as text for people or as JSON.
import { formatObjectLine } from "../../agent/control/json-line.js";
import { defineTool } from "../command-line/command-line.js";
import { askAgent, askOptions, SOON_MILLISECONDS } from "./ask-agent.js";
import { formatStatus } from "./status-text.js";

export const status = defineTool({
	name: "hotplugd status",
	summary: "Says what the running agent is doing, and the outcomes of what it did.",
	options: { ...askOptions, json: { help: "Print the whole status as one JSON object" } },
	mostOperands: 0,
	async run({ options: { socket, json } }, machine) {
		const request = { command: "status" } as const;
		const answer = await askAgent(machine, { request, socket, timeoutMilliseconds: SOON_MILLISECONDS });
		if (answer === undefined) return 1;
		machine.print(json ? formatObjectLine(answer.status) : formatStatus(answer.status));
		return 0;
	},
});
