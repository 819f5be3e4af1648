// hotplugd load: asks the agent to load the modules that an alias stands for, as if a device had that alias.

import { printable } from "../../libkmod/text/printable.js";
import { defineTool } from "../command-line/command-line.js";
import { askAgent, askOptions, LONGEST_WAIT_MILLISECONDS } from "./ask-agent.js";

export const load = defineTool({
	name: "hotplugd load",
	summary: "Has the running agent load the modules that an alias stands for.",
	usage: ["[OPTION...] ALIAS"],
	options: { ...askOptions, noWait: { help: "Do not wait until the modules are loaded" } },
	mostOperands: 1,
	async run({ options: { socket, noWait }, operands: [alias] }, machine) {
		if (alias === undefined) {
			machine.complain("hotplugd load: missing alias\nTry 'hotplugd load --help'.\n");
			return 2;
		}
		const request = { command: "load", alias, for: "user", wait: !noWait } as const;
		// A driver's init has no upper bound, and a shorter timeout could not end it.
		const answer = await askAgent(machine, { request, socket, timeoutMilliseconds: LONGEST_WAIT_MILLISECONDS });
		if (answer === undefined) return 1;
		const { result, explanation } = answer;
		if (result === "done" || result === "taken") return 0;
		machine.complain(`hotplugd load: ${printable(explanation)}\n`);
		return 1;
	},
});
