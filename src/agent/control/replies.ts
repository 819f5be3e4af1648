// Parses the replies of an agent, which may be of another version than the client.

import * as v from "valibot";
import type { AgentStatus } from "../telling/status.js";
import { timelineSchema } from "../timeline/timeline-reading.js";
import { isFields, parseObjectLine } from "./json-line.js";
import type { ControlReplies, LoadReply } from "./protocol.js";

/** Another version may use other words. */
const anyWord = <Word extends string>() => v.custom<Word>((given) => typeof given === "string");

/** Unknown fields of a reply are kept. */
const status = v.looseObject({
	version: v.string(),
	pid: v.number(),
	milliseconds: v.number(),
	state: anyWord<AgentStatus["state"]>(),
	state_milliseconds: v.number(),
	source: anyWord<AgentStatus["source"]>(),
	receive_buffer_bytes: v.number(),
	counts: v.looseObject({
		events_received: v.number(),
		events_dropped: v.number(),
		events_refused: v.number(),
		overruns: v.number(),
		aliases_new: v.number(),
		aliases_repeated: v.number(),
		aliases_unknown: v.number(),
		modules_inserted: v.number(),
		skipped: v.exactOptional(v.number()),
		modules_failed: v.custom<AgentStatus["counts"]["modules_failed"]>(
			(given) => isFields(given) && Object.values(given).every((count) => typeof count === "number"),
		),
	}),
	queue_depth: v.number(),
	in_flight: v.array(v.looseObject({ module: v.string(), milliseconds: v.number(), hung: v.boolean() })),
	waiting_for_hung: v.exactOptional(v.array(v.looseObject({ module: v.string(), behind: v.string() }))),
	last_outcomes: v.array(
		v.looseObject({
			module: v.string(),
			result: v.string(),
			explanation: v.string(),
			milliseconds: v.number(),
			milliseconds_ago: v.number(),
		}),
	),
	indexes: v.looseObject({
		directory: v.string(),
		generation: v.number(),
		milliseconds_ago: v.number(),
		missing: v.exactOptional(v.string()),
	}),
	configuration: v.looseObject({
		files: v.array(v.string()),
		problems: v.number(),
		milliseconds_ago: v.number(),
	}),
	last_problem: v.exactOptional(v.looseObject({ message: v.string(), milliseconds_ago: v.number() })),
});

const replies: { readonly [Command in keyof ControlReplies]: v.GenericSchema<unknown, ControlReplies[Command]> } = {
	status: v.looseObject({ status }),
	settle: v.looseObject({
		settled: v.boolean(),
		waiting_for: v.array(v.string()),
		not_waited_for: v.exactOptional(v.array(v.string())),
		stopping: v.exactOptional(v.boolean()),
		note: v.exactOptional(v.string()),
	}),
	reload: v.looseObject({ problems: v.number() }),
	load: v.looseObject({ result: anyWord<LoadReply["result"]>(), explanation: v.string() }),
	stop: v.looseObject({}),
	metrics: v.looseObject({ text: v.string() }),
	timeline: v.looseObject({ timeline: timelineSchema }),
};

/** Returns the reply to a command, or a sentence why there is none. */
export function parseControlReply<Command extends keyof ControlReplies>(
	command: Command,
	line: Uint8Array | string,
): ControlReplies[Command] | string {
	const fields = parseObjectLine(line);
	if (fields?.ok === false && typeof fields.error === "string") return fields.error;
	const reply = v.safeParse(replies[command], fields);
	if (fields?.ok === true && reply.success) return reply.output;
	return "the agent's answer is not understood: the agent may be of another version";
}
