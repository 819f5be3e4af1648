// The protocol of the control socket, as text and as values: one JSON object (RFC 8259) a line, a request that way and one
// reply to it this way, in the order of the requests.
//
//	{"command":"status"}                                                     {"ok":true,"status":{...}}, as in status.ts
//	{"command":"settle","timeout_milliseconds":120000}                       {"ok":true,"settled":true,"waiting_for":[]}, and
//	                                                                         "not_waited_for", "stopping": see SettleReply
//	{"command":"reload"}                                                     {"ok":true,"problems":0}
//	{"command":"load","alias":"pci:v00008086d...","for":"user","wait":true}  {"ok":true,"result":"done","explanation":"..."}
//	{"command":"stop"}                                                       {"ok":true}
//	{"command":"metrics"}                                                    {"ok":true,"text":"# HELP ..."}
//
// Whatever cannot be done is {"ok":false,"error":"one sentence"}. Only "command" and "alias" must be there.
//
// A line is UTF-8, as JSON is. An alias is bytes, though, and need be no text at all: its character of number N, from U+0001
// to U+00FF, stands for the byte N, and there are none above. Replies say it the same way, in ASCII alone (\u00e9 is byte E9).
//
// Helpers that cannot write JSON have a second socket, named "load": a line is a letter, a space and the alias as it is; the
// reply is a line with the exit status that `modprobe -q` would have, 0 or 1, and ends the connection. "k": the kernel waits
// for it; "w": somebody waits for it; "n": nobody does, and the answer 0 only means that it was taken. 2 says that the agent
// cannot do it now: the helper then does what it does where no agent is.

import type { AgentStatus } from "../telling/status.js";
import { type Fields, formatObjectLine, parseObjectLine } from "./json-line.js";

/** Who waits: what the kernel itself asks for must never wait for the insertion that it is needed by. */
export type LoadFor = "kernel" | "user";

export type LoadRequest = {
	readonly command: "load";
	/** A byte a character. */
	readonly alias: string;
	readonly for: LoadFor;
	/** For the outcome; else the reply comes once the request is taken. */
	readonly wait: boolean;
};

export type ControlRequest =
	| { readonly command: "status" | "reload" | "stop" | "metrics" }
	| { readonly command: "settle"; readonly timeout_milliseconds: number }
	| LoadRequest;

/** What came of a request to load. */
export type LoadReply = {
	/**
	 * "taken" is not yet begun; "done" is live or built in; "nothing" is there to be loaded for it; it "failed"; or it was
	 * "refused", since the agent cannot do it now: whoever asks may do it himself.
	 */
	readonly result: "taken" | "done" | "nothing" | "failed" | "refused";
	/** For people, in one sentence. */
	readonly explanation: string;
};

export type SettleReply = {
	readonly settled: boolean;
	/** What kept it from being settled in time: modules in flight, or whatever else, in words. */
	readonly waiting_for: readonly string[];
	/** Commands of the agent's that cannot end before whoever asks has his answer, and what comes after them. */
	readonly not_waited_for?: readonly string[];
	/** The answer came before its time, since the agent is being stopped. */
	readonly stopping?: boolean;
	/** For people: what it says nothing about though things are settled. */
	readonly note?: string;
};

/** How many lines of the configuration were not understood. */
export type ReloadReply = { readonly problems: number };

/** What goes into a reply, by command, beside "ok". */
export type ControlReplies = {
	readonly status: { readonly status: AgentStatus };
	readonly settle: SettleReply;
	readonly reload: ReloadReply;
	readonly load: LoadReply;
	readonly stop: object;
	readonly metrics: { readonly text: string };
};

export type ControlReply =
	| ({ readonly ok: true } & ControlReplies[keyof ControlReplies])
	| { readonly ok: false; readonly error: string };

/** Bytes, without its newline. */
export const LONGEST_LINE = 65_536;
/** Bytes. No alias of the kernel is longer: all variables of a uevent together have 2048 bytes. */
export const LONGEST_ALIAS = 8192;
/** As long as udevadm settle waits. */
export const SETTLE_MILLISECONDS = 120_000;
/** A timer takes no more. */
const LONGEST_WAIT = 2 ** 31 - 1;

/** What each command takes beside its name. */
const keys: Readonly<Record<ControlRequest["command"], readonly string[]>> = {
	status: [],
	settle: ["timeout_milliseconds"],
	reload: [],
	load: ["alias", "for", "wait"],
	stop: [],
	metrics: [],
};

/** A line, without its newline, as a request, or as one sentence about what is wrong with it. */
export function parseControlRequest(line: Uint8Array | string): ControlRequest | string {
	if (line.length > LONGEST_LINE) return `the line is longer than ${LONGEST_LINE} bytes`;
	const fields = parseObjectLine(line);
	if (fields === undefined) return "the line is no JSON object";
	const { command } = fields;
	if (typeof command !== "string" || !isCommand(command))
		return `${command === undefined ? "there is no command" : "there is no such command"}: there are ${list(Object.keys(keys))}`;
	const unknown = Object.keys(fields).find((key) => key !== "command" && !keys[command].includes(key));
	if (unknown !== undefined)
		return `${command} takes ${list(keys[command]) || "nothing"}, not ${JSON.stringify(unknown.slice(0, 40))}`;
	if (command === "settle") return parseSettle(fields);
	return command === "load" ? parseLoad(fields) : { command };
}

function parseSettle({ timeout_milliseconds = SETTLE_MILLISECONDS }: Fields): ControlRequest | string {
	if (!isWait(timeout_milliseconds)) return `timeout_milliseconds must be a whole number from 0 to ${LONGEST_WAIT}`;
	return { command: "settle", timeout_milliseconds };
}

function parseLoad({ alias, for: whom = "user", wait = true }: Fields): ControlRequest | string {
	if (typeof alias !== "string") return "alias must be a string";
	if (whom !== "kernel" && whom !== "user") return 'for must be "kernel" or "user"';
	if (typeof wait !== "boolean") return "wait must be true or false";
	return findFault(alias) ?? { command: "load", alias, for: whom, wait };
}

/** What makes a text no alias. */
function findFault(alias: string): string | undefined {
	if (alias === "") return "the alias is empty";
	if (alias.length > LONGEST_ALIAS) return `the alias is longer than ${LONGEST_ALIAS} bytes`;
	for (const character of alias) {
		if (character === "\0") return "the alias has a NUL in it";
		if (character === "\n") return "the alias has a newline in it";
	}
	return undefined;
}

/** A request as a line. */
export function formatControlRequest(request: ControlRequest): string {
	return formatObjectLine(request);
}

/** A reply as a line. */
export function formatControlReply(reply: ControlReply): string {
	return formatObjectLine(reply);
}

/** As a line of the socket "load", with its newline. */
export function formatLoadLine({ alias, for: whom, wait }: LoadRequest): Buffer {
	const letter = whom === "kernel" ? "k" : wait ? "w" : "n";
	return Buffer.from(`${letter} ${alias}\n`, "latin1");
}

/** A line of the socket "load". */
export function parseLoadLine(line: Uint8Array): LoadRequest | string {
	if (line.length > LONGEST_ALIAS + 2) return `the alias is longer than ${LONGEST_ALIAS} bytes`;
	const [, letter, alias = ""] = /^([kwn]) (.*)$/s.exec(Buffer.from(line).toString("latin1")) ?? [];
	if (letter === undefined) return "the line begins with none of k, w and n and a space";
	return findFault(alias) ?? { command: "load", alias, for: letter === "k" ? "kernel" : "user", wait: letter !== "n" };
}

/** The exit status that `modprobe -q` would have; or 2, which has whoever asks do it himself. */
export function statusOfLoad({ result }: LoadReply): 0 | 1 | 2 {
	if (result === "refused") return 2;
	return result === "done" || result === "taken" ? 0 : 1;
}

const isCommand = (name: string): name is ControlRequest["command"] => Object.hasOwn(keys, name);

const isWait = (value: unknown): value is number =>
	typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= LONGEST_WAIT;

const list = (words: readonly string[]): string => words.join(", ").replace(/, (?!.*, )/, " and ");
