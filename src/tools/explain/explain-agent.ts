// What the running agent knows of each module's last try, from its timeline. Loaded only when there is an agent to ask.

import type { LastAnswer } from "../../agent/explaining/explanation.js";
import { isResult } from "../../agent/explaining/last-answers.js";
import type { TimelineModule } from "../../agent/timeline/timeline.js";
import type { Machine } from "../../ports/machine.js";
import { askAgent, SOON_MILLISECONDS } from "../agent/ask-agent.js";

/** By module: the last try that has ended. Empty when the agent does not answer, which has been said then. */
export async function askLastAnswers(machine: Machine, socket: string): Promise<ReadonlyMap<string, LastAnswer>> {
	const request = { command: "timeline" } as const;
	const reply = await askAgent(machine, { request, socket, timeoutMilliseconds: SOON_MILLISECONDS });
	const answers = new Map<string, LastAnswer>();
	for (const one of reply?.timeline.modules ?? []) {
		const answer = answerOf(one, socket);
		if (answer !== undefined) answers.set(answer.module, answer);
	}
	return answers;
}

/** Undefined for a try that has not ended. */
function answerOf({ module, result, errno, explanation }: TimelineModule, socket: string): LastAnswer | undefined {
	if (!isResult(result)) return undefined;
	return {
		module,
		result,
		...(errno !== undefined && { errno }),
		explanation: explanation ?? result,
		from: { kind: "agent", socket },
	};
}
