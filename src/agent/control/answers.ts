// Answers the lines that arrive on the two control sockets.

import { asError } from "../../libkmod/kernel/errors.js";
import type { Client } from "../../ports/control.js";
import type { AgentStatus } from "../telling/status.js";
import type { Timeline } from "../timeline/timeline.js";
import { NotDone } from "./not-done.js";
import {
	type ControlReplies,
	type ControlReply,
	type ControlRequest,
	formatControlReply,
	type LoadReply,
	type LoadRequest,
	parseControlRequest,
	parseLoadLine,
	type ReloadReply,
	type SettleReply,
	statusOfLoad,
} from "./protocol.js";

/**
 * The requests that the agent carries out. The message of an error is sent to the client: a {@link NotDone} is an answer, and any
 * other error a failure of the agent itself.
 */
export type Controlled = {
	status(): AgentStatus;
	/** Resolves after the given milliseconds at the latest. */
	settle(milliseconds: number, client: Client): Promise<SettleReply>;
	reload(client: Client): Promise<ReloadReply>;
	/** Resolves with the outcome, or as soon as the request is taken when it has no `wait`. */
	load(request: LoadRequest, client?: Client): Promise<LoadReply>;
	stop(): void;
	/** Resolves with the metrics in Prometheus' text format. */
	metrics(): Promise<string>;
	/** When each module was wanted, began and ended, and what it waited for. */
	timeline(): Timeline;
	/** Counts and tells a failure of the agent to answer a request. */
	failed(thrown: unknown): void;
};

/** Returns the reply line for a line of the control socket. */
export async function answerControl(agent: Controlled, line: Uint8Array, client: Client): Promise<string> {
	try {
		const request = parseControlRequest(line);
		if (typeof request === "string") return formatControlReply({ ok: false, error: request });
		return formatControlReply({ ok: true, ...(await carryOut(agent, request, client)) });
	} catch (thrown) {
		if (!(thrown instanceof NotDone)) agent.failed(thrown);
		return formatControlReply(explain(thrown));
	}
}

async function carryOut(
	agent: Controlled,
	request: ControlRequest,
	client: Client,
): Promise<ControlReplies[keyof ControlReplies]> {
	switch (request.command) {
		case "status":
			return { status: agent.status() };
		case "settle":
			return agent.settle(request.timeout_milliseconds, client);
		case "reload":
			return agent.reload(client);
		case "load":
			return agent.load(request, client);
		case "stop":
			agent.stop();
			return {};
		case "metrics":
			return { text: await agent.metrics() };
		case "timeline":
			return { timeline: agent.timeline() };
	}
}

function explain(thrown: unknown): ControlReply {
	const why = asError(thrown).message;
	return { ok: false, error: why.replaceAll("\n", " ") };
}

/**
 * Returns the reply line for a line of the socket "load": the exit status for the helper. After a fault of the agent, the helper
 * loads the module by itself.
 */
export async function answerLoad(agent: Controlled, line: Uint8Array, client: Client): Promise<string> {
	try {
		const request = parseLoadLine(line);
		if (typeof request === "string") return "1\n";
		return `${statusOfLoad(await agent.load(request, client))}\n`;
	} catch (thrown) {
		agent.failed(thrown);
		return `${statusOfLoad({ result: "refused", explanation: "" })}\n`;
	}
}
