// Answers to the lines of the two control sockets, by asking the agent.

import type { Client } from "../../ports/control.js";
import type { AgentStatus } from "../telling/status.js";
import { NotDone } from "./load-requests.js";
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
 * What the agent does when it is asked. What it throws is told to whoever asked, by its message: a {@link NotDone} is an
 * answer, and all else a failure of the agent's own.
 */
export type Controlled = {
	status(): AgentStatus;
	/** Resolves at the latest after so many milliseconds. */
	settle(milliseconds: number, client: Client): Promise<SettleReply>;
	reload(client: Client): Promise<ReloadReply>;
	/** Resolves as soon as it is taken where nobody waits. */
	load(request: LoadRequest, client?: Client): Promise<LoadReply>;
	stop(): void;
	/** In Prometheus' text format. */
	metrics(): Promise<string>;
	/** A request could not be answered as it should: counts and tells it. */
	failed(thrown: unknown): void;
};

/** The line that answers a line of the control socket. */
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
	}
}

function explain(thrown: unknown): ControlReply {
	const why = thrown instanceof Error ? thrown.message : String(thrown);
	return { ok: false, error: why.replaceAll("\n", " ") };
}

/**
 * The line that answers a line of the socket "load": the exit status of the helper, which does by itself what a fault of the
 * agent's keeps from being done.
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
