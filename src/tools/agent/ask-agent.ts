// Shared code of the commands that ask a running agent: the option that names its control socket, the request, and the messages
// for an agent that does not answer.
import { type ControlReplies, type ControlRequest, formatControlRequest } from "../../agent/control/protocol.js";
import { parseControlReply } from "../../agent/control/replies.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { printable } from "../../libkmod/text/printable.js";
import type { Machine } from "../../ports/machine.js";
import type { Options } from "../command-line/options.js";

export const CONTROL_SOCKET = "/run/hotplugd/control";

export const askOptions = {
	socket: { argument: "PATH", help: `Ask the agent whose control socket is PATH instead of ${CONTROL_SOCKET}` },
} as const satisfies Options;

/** Milliseconds to wait for a reply that the agent gives at once. */
export const SOON_MILLISECONDS = 30_000;
/** Milliseconds: the longest delay that a timer of node accepts. */
export const LONGEST_WAIT_MILLISECONDS = 2 ** 31 - 1;

export type Question<Request extends ControlRequest = ControlRequest> = {
	readonly request: Request;
	readonly socket: string | undefined;
	readonly timeoutMilliseconds: number;
	/** The command that asks, when it has another name than the request. */
	readonly asker?: string;
};

/**
 * Resolves with the agent's reply. Undefined when no reply came: the reason has been printed, and the caller exits with status 1.
 */
export async function askAgent<Request extends ControlRequest>(
	machine: Machine,
	{ request, socket = CONTROL_SOCKET, timeoutMilliseconds, asker = request.command }: Question<Request>,
): Promise<ControlReplies[Request["command"]] | undefined> {
	const answer = await ask(machine, socket, request, timeoutMilliseconds);
	if (typeof answer !== "string") return answer;
	machine.complain(`hotplugd ${asker}: ${printable(answer)}\n`);
	return undefined;
}

async function ask<Request extends ControlRequest>(
	machine: Machine,
	socket: string,
	request: Request,
	milliseconds: number,
): Promise<ControlReplies[Request["command"]] | string> {
	try {
		const service = await machine.service();
		const line = await service.ask(socket, formatControlRequest(request), milliseconds);
		return parseControlReply<Request["command"]>(request.command, line);
	} catch (error) {
		if (error instanceof Refusal) return explain(error.code, socket, milliseconds);
		throw error;
	}
}

function explain(code: string, socket: string, milliseconds: number): string {
	switch (code) {
		case "ENOENT":
		case "ENOTDIR":
		case "ECONNREFUSED":
			return `no agent listens at ${socket}: is \`hotplugd run\` running?`;
		case "EACCES":
		case "EPERM":
			return `no permission to ask the agent at ${socket}: try again as root`;
		case "ETIMEDOUT":
			return `the agent at ${socket} did not answer within ${Math.round(milliseconds / 1000)} seconds`;
		case "ECONNRESET":
		case "EPIPE":
		case "EAGAIN":
			return `the agent at ${socket} closed the connection without an answer: the agent is ending, or has too many clients`;
		default:
			return `could not ask the agent at ${socket}: ${code}`;
	}
}
