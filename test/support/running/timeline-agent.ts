// Commands that ask an agent for its timeline, run in this process beside an agent that has the sample.
import { formatControlReply } from "../../../src/agent/control/protocol.js";
import type { Timeline } from "../../../src/agent/timeline/timeline.js";
import { run, thisMachine } from "../../../src/main.js";
import type { Machine } from "../../../src/ports/machine.js";
import { sampleTimeline } from "./agent-timeline.js";

/** The part of a machine whose agent answers with this timeline. */
export function timelineAgent(timeline: Timeline = sampleTimeline): Partial<Machine> {
	const reply = Buffer.from(formatControlReply({ ok: true, timeline }));
	return { service: async () => ({ ...(await thisMachine.service()), ask: async () => reply }) };
}

/** Runs a command as `hotplugd WORDS` would. The output consists of bytes. @param more replaces parts of the machine */
export async function hotplugd(words: readonly string[], more: Partial<Machine> = {}) {
	const said = { status: 0, printed: "", complained: "" };
	const machine: Machine = {
		...thisMachine,
		environment: {},
		print: (text) => {
			said.printed += text.toString();
		},
		complain: (text) => {
			said.complained += text;
		},
		...more,
	};
	said.status = await run(["node", "hotplugd", ...words], machine);
	return said;
}
