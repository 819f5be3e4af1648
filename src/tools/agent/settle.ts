// hotplugd settle: waits until the agent has handled every uevent that the kernel had sent before the request, and neither an
// insertion nor a command is in flight.
import { SETTLE_MILLISECONDS } from "../../agent/control/protocol.js";
import { printable } from "../../libkmod/text/printable.js";
import { defineTool } from "../command-line/command-line.js";
import { askAgent, askOptions, LONGEST_WAIT_MILLISECONDS } from "./ask-agent.js";

const DEFAULT_TIMEOUT_SECONDS = SETTLE_MILLISECONDS / 1000;
/** Milliseconds beyond the timeout: a busy agent may reply late. */
const MARGIN_MILLISECONDS = 10_000;
/** The exit status when the agent did not settle within the timeout. */
const UNSETTLED = 3;
const NAMED = 10;

export const settle = defineTool({
	name: "hotplugd settle",
	summary: "Waits until the running agent has nothing left to do.",
	options: {
		...askOptions,
		timeout: {
			short: "t",
			argument: "SECONDS",
			number: true,
			help: `Wait for at most this many seconds (default: ${DEFAULT_TIMEOUT_SECONDS}), then exit with ${UNSETTLED}`,
		},
	},
	mostOperands: 0,
	async run({ options: { socket, timeout = DEFAULT_TIMEOUT_SECONDS } }, machine) {
		const milliseconds = Math.min(1000 * timeout, LONGEST_WAIT_MILLISECONDS - MARGIN_MILLISECONDS);
		const request = { command: "settle", timeout_milliseconds: milliseconds } as const;
		const answer = await askAgent(machine, {
			request,
			socket,
			timeoutMilliseconds: milliseconds + MARGIN_MILLISECONDS,
		});
		if (answer === undefined) return 1;
		if (answer.note !== undefined) machine.complain(`hotplugd settle: ${printable(answer.note)}\n`);
		for (const left of answer.not_waited_for ?? [])
			machine.complain(
				`hotplugd settle: did not wait for ${printable(left)}, which cannot end before this command has ended\n`,
			);
		if (answer.settled) return 0;
		const named = answer.waiting_for.slice(0, NAMED).map(printable);
		const more = answer.waiting_for.length - named.length;
		const list = [...named, ...(more > 0 ? [`${more} more`] : [])].join(", ");
		const when = answer.stopping ? "the agent is stopping" : `not settled within ${milliseconds / 1000} seconds`;
		machine.complain(`hotplugd settle: ${when}${list && `: waiting for ${list}`}\n`);
		return UNSETTLED;
	},
});
