// What an agent answered, as whoever asked reads it: the agent may be of another version than he is.

import type { AgentStatus } from "../telling/status.js";
import { isFields, parseObjectLine } from "./json-line.js";
import type { ControlReplies } from "./protocol.js";

/** An answer of every type: one that has the same types in the same places is understood, whatever else is in it. */
const status: AgentStatus = {
	version: "",
	pid: 0,
	milliseconds: 0,
	state: "starting",
	state_milliseconds: 0,
	source: "kernel",
	receive_buffer_bytes: 0,
	counts: {
		events_received: 0,
		events_dropped: 0,
		events_refused: 0,
		overruns: 0,
		aliases_new: 0,
		aliases_repeated: 0,
		aliases_unknown: 0,
		modules_inserted: 0,
		skipped: 0,
		modules_failed: {},
	},
	queue_depth: 0,
	in_flight: [{ module: "", milliseconds: 0, hung: false }],
	waiting_for_hung: [{ module: "", behind: "" }],
	last_outcomes: [{ module: "", result: "", explanation: "", milliseconds: 0, milliseconds_ago: 0 }],
	indexes: { directory: "", generation: 0, milliseconds_ago: 0, missing: "" },
	configuration: { files: [""], problems: 0, milliseconds_ago: 0 },
	last_problem: { message: "", milliseconds_ago: 0 },
};

/** What may be missing. */
const optional = new Set([
	"last_problem",
	"missing",
	"note",
	"waiting_for_hung",
	"skipped",
	"not_waited_for",
	"stopping",
]);

const replies: ControlReplies = {
	status: { status },
	settle: { settled: true, waiting_for: [""], not_waited_for: [""], stopping: false, note: "" },
	reload: { problems: 0 },
	load: { result: "done", explanation: "" },
	stop: {},
	metrics: { text: "" },
};

/** The answer to a command, or in one sentence why there is none. */
export function parseControlReply<Command extends keyof ControlReplies>(
	command: Command,
	line: Uint8Array | string,
): ControlReplies[Command] | string {
	const fields = parseObjectLine(line);
	if (fields?.ok === false && typeof fields.error === "string") return fields.error;
	if (fields?.ok === true && isLike(fields, replies[command])) return fields;
	return "its answer is not understood: it may be of another version";
}

function isLike<Sample>(value: unknown, sample: Sample): value is Sample {
	if (Array.isArray(sample)) return Array.isArray(value) && value.every((item) => isLike(item, sample[0]));
	if (!isFields(sample)) return typeof value === typeof sample;
	if (!isFields(value)) return false;
	return Object.entries(sample).every(
		([key, part]) => isLike(value[key], part) || (value[key] === undefined && optional.has(key)),
	);
}
