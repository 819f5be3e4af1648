// The protocol of the control socket, as text and as values: one JSON object (RFC 8259) a line, requests from the client and one
// reply to each from the agent, in the order of the requests.
//
//	{"command":"status"}                                                     {"ok":true,"status":{...}}, as in status.ts
//	{"command":"settle","timeout_milliseconds":120000}                       {"ok":true,"settled":true,"waiting_for":[]}, and
//	                                                                         "not_waited_for", "stopping": see SettleReply
//	{"command":"reload"}                                                     {"ok":true,"problems":0}
//	{"command":"load","alias":"pci:v00008086d...","for":"user","wait":true}  {"ok":true,"result":"done","explanation":"..."}
//	{"command":"stop"}                                                       {"ok":true}
//	{"command":"metrics"}                                                    {"ok":true,"text":"# HELP ..."}
//	{"command":"timeline"}                                                   {"ok":true,"timeline":{...}}, as in timeline.ts
//
// The reply to a request that cannot be carried out is {"ok":false,"error":"one sentence"}. Only "command" and "alias" are
// mandatory.
//
// A line is UTF-8, as JSON is. An alias, though, is bytes, which need not be text: a character from U+0001 to U+00FF stands for
// the byte of that number, and higher characters do not occur. Replies use the same encoding, in ASCII alone (\u00e9 is byte E9).
//
// Helpers that cannot write JSON use a second socket, named "load". A request is a line: a letter, a space and the alias as it
// is. The reply is a line with the exit status that `modprobe -q` would have, 0 or 1, and ends the connection. The letters: "k",
// the kernel waits for the reply; "w", a user waits for it; "n", nobody waits, and the reply 0 only means that the request was
// taken. The reply 2 means that the agent cannot load now: the helper then does what it does without an agent.
//
// valibot checks requests in JSON. The characters of an alias are checked by hand, in findFault, since a line of the socket
// "load" has no JSON and both sockets give the same sentences.

import * as v from "valibot";
import type { AgentStatus } from "../telling/status.js";
import type { Timeline } from "../timeline/timeline.js";
import { formatObjectLine, parseObjectLine } from "./json-line.js";

/** Bytes, without its newline. */
export const LONGEST_LINE_BYTES = 65_536;
/** Bytes. No alias of the kernel is longer: a uevent's variables have at most 2048 bytes together. */
export const LONGEST_ALIAS_BYTES = 8192;
/** Milliseconds. The default of `udevadm settle`. */
export const SETTLE_MILLISECONDS = 120_000;
/** Milliseconds. A timer of node takes no longer delay. */
const LONGEST_WAIT_MILLISECONDS = 2 ** 31 - 1;

const ALIAS = "alias must be a string";
const WAIT = `timeout_milliseconds must be a whole number from 0 to ${LONGEST_WAIT_MILLISECONDS}`;

const load = v.object(
	{
		command: v.literal("load"),
		/** One character stands for one byte. */
		alias: v.string(ALIAS),
		/** Who waits for the reply. A request of the kernel must never wait for an insertion that itself waits for this request. */
		for: v.optional(v.picklist(["kernel", "user"], 'for must be "kernel" or "user"'), "user"),
		/** Whether the reply waits for the outcome. Otherwise it is sent once the request is taken. */
		wait: v.optional(v.boolean("wait must be true or false"), true),
	},
	// When the alias is absent.
	ALIAS,
);

const settle = v.object({
	command: v.literal("settle"),
	timeout_milliseconds: v.optional(
		v.pipe(v.number(WAIT), v.integer(WAIT), v.minValue(0, WAIT), v.maxValue(LONGEST_WAIT_MILLISECONDS, WAIT)),
		SETTLE_MILLISECONDS,
	),
});

/** A request without fields of its own. */
const plain = v.object({ command: v.picklist(["status", "reload", "stop", "metrics", "timeline"]) });

/** The requests, by command. */
const requests = { status: plain, settle, reload: plain, load, stop: plain, metrics: plain, timeline: plain };

type Command = keyof typeof requests;

export type ControlRequest = Readonly<v.InferOutput<(typeof requests)[Command]>>;
export type LoadRequest = Readonly<v.InferOutput<typeof load>>;

/** The reply to a load request. */
export type LoadReply = {
	/**
	 * "taken": accepted, not yet begun. "done": live or built in. "nothing": no module has the alias. "failed": the loading
	 * failed. "refused": the agent cannot load now, and the client may load the module itself.
	 */
	readonly result: "taken" | "done" | "nothing" | "failed" | "refused";
	/** For people, in one sentence. */
	readonly explanation: string;
};

export type SettleReply = {
	readonly settled: boolean;
	/** When not settled in time, the reasons: modules in flight, or other conditions, in words. */
	readonly waiting_for: readonly string[];
	/** Commands of the agent that cannot end before the client has its reply, and commands queued behind these. */
	readonly not_waited_for?: readonly string[];
	/** The reply came early, since the agent is stopping. */
	readonly stopping?: boolean;
	/** For people: a limit of the answer, such as missing indexes. */
	readonly note?: string;
};

/** The number of lines of the configuration that were not understood. */
export type ReloadReply = { readonly problems: number };

/** The fields of a reply in addition to "ok", by command. */
export type ControlReplies = {
	readonly status: { readonly status: AgentStatus };
	readonly settle: SettleReply;
	readonly reload: ReloadReply;
	readonly load: LoadReply;
	readonly stop: object;
	readonly metrics: { readonly text: string };
	readonly timeline: { readonly timeline: Timeline };
};

export type ControlReply =
	| ({ readonly ok: true } & ControlReplies[keyof ControlReplies])
	| { readonly ok: false; readonly error: string };

/** Parses a line, without its newline. Returns the request, or a sentence about the mistake in the line. */
export function parseControlRequest(line: Uint8Array | string): ControlRequest | string {
	if (line.length > LONGEST_LINE_BYTES) return `the line is longer than ${LONGEST_LINE_BYTES} bytes`;
	const fields = parseObjectLine(line);
	if (fields === undefined) return "the line is no JSON object";
	const { command } = fields;
	if (!isCommand(command))
		return `${command === undefined ? "there is no command" : "there is no such command"}: there are ${list(Object.keys(requests))}`;
	const keys = Object.keys(requests[command].entries).filter((key) => key !== "command");
	const unknown = Object.keys(fields).find((key) => key !== "command" && !keys.includes(key));
	if (unknown !== undefined)
		return `${command} takes ${list(keys) || "nothing"}, not ${JSON.stringify(unknown.slice(0, 40))}`;
	const parsed = v.safeParse(requests[command], fields, { abortEarly: true });
	if (!parsed.success) return parsed.issues[0].message;
	const request = parsed.output;
	return (request.command === "load" ? findFault(request.alias) : undefined) ?? request;
}

const isCommand = (name: unknown): name is Command => typeof name === "string" && Object.hasOwn(requests, name);

/** Returns a sentence when the text is no alias. Undefined when it is one. */
function findFault(alias: string): string | undefined {
	if (alias === "") return "the alias is empty";
	if (alias.length > LONGEST_ALIAS_BYTES) return `the alias is longer than ${LONGEST_ALIAS_BYTES} bytes`;
	for (const character of alias) {
		if (character === "\0") return "the alias has a NUL in it";
		if (character === "\n") return "the alias has a newline in it";
	}
	return undefined;
}

/** Formats a request as a line. */
export function formatControlRequest(request: ControlRequest): string {
	return formatObjectLine(request);
}

/** Formats a reply as a line. */
export function formatControlReply(reply: ControlReply): string {
	return formatObjectLine(reply);
}

/** Formats a request as a line of the socket "load", with its newline. */
export function formatLoadLine({ alias, for: whom, wait }: LoadRequest): Buffer {
	const letter = whom === "kernel" ? "k" : wait ? "w" : "n";
	return Buffer.from(`${letter} ${alias}\n`, "latin1");
}

/** Parses a line of the socket "load". Returns the request, or a sentence about the mistake in the line. */
export function parseLoadLine(line: Uint8Array): LoadRequest | string {
	if (line.length > LONGEST_ALIAS_BYTES + 2) return `the alias is longer than ${LONGEST_ALIAS_BYTES} bytes`;
	const [, letter, alias = ""] = /^([kwn]) (.*)$/s.exec(Buffer.from(line).toString("latin1")) ?? [];
	if (letter === undefined) return "the line begins with none of k, w and n and a space";
	return findFault(alias) ?? { command: "load", alias, for: letter === "k" ? "kernel" : "user", wait: letter !== "n" };
}

/** Returns the exit status that `modprobe -q` would have, or 2, after which the client loads the module itself. */
export function statusOfLoad({ result }: LoadReply): 0 | 1 | 2 {
	if (result === "refused") return 2;
	return result === "done" || result === "taken" ? 0 : 1;
}

const list = (words: readonly string[]): string => words.join(", ").replace(/, (?!.*, )/, " and ");
