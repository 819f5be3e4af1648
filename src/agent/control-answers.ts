// Answers to the lines of the two control sockets, by asking the agent.
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
} from "./control.js";
import type { AgentStatus } from "./status.js";

/** What the agent does when it is asked. What a promise rejects with is told to whoever asked, by its message. */
export type Controlled = {
	status(): AgentStatus;
	/** Resolves at the latest after so many milliseconds. */
	settle(milliseconds: number): Promise<SettleReply>;
	reload(): Promise<ReloadReply>;
	/** Resolves as soon as it is taken where nobody waits. */
	load(request: LoadRequest): Promise<LoadReply>;
	stop(): void;
	/** In Prometheus' text format. */
	metrics(): Promise<string>;
};

/** The line that answers a line of the control socket. */
export async function answerControl(agent: Controlled, line: Uint8Array): Promise<string> {
	const request = parseControlRequest(line);
	if (typeof request === "string") return formatControlReply({ ok: false, error: request });
	try {
		return formatControlReply({ ok: true, ...(await carryOut(agent, request)) });
	} catch (thrown) {
		return formatControlReply(explain(thrown));
	}
}

async function carryOut(agent: Controlled, request: ControlRequest): Promise<ControlReplies[keyof ControlReplies]> {
	switch (request.command) {
		case "status":
			return { status: agent.status() };
		case "settle":
			return agent.settle(request.timeout_milliseconds);
		case "reload":
			return agent.reload();
		case "load":
			return agent.load(request);
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

/** The line that answers a line of the socket "load": the exit status of the helper. */
export async function answerLoad(agent: Controlled, line: Uint8Array): Promise<string> {
	const request = parseLoadLine(line);
	if (typeof request === "string") return "1\n";
	try {
		return `${statusOfLoad(await agent.load(request))}\n`;
	} catch {
		return "1\n";
	}
}
