// Carries out the requests of the agent's control sockets.

import { asError } from "../../libkmod/kernel/errors.js";
import type { Client } from "../../ports/control.js";
import type { Controlled } from "../control/answers.js";
import type { Requests } from "../control/load-requests.js";
import type { LoadReply, LoadRequest } from "../control/protocol.js";
import type { Askers } from "../control/waiting-clients.js";
import type { Journal } from "../telling/journal.js";
import type { Counted, Metrics } from "../telling/metrics.js";
import type { AgentStatus } from "../telling/status.js";
import type { TimelineRecorder } from "../timeline/timeline-recorder.js";
import type { Reload } from "./reload.js";
import { type SettlingOptions, settleFor } from "./settling.js";
import type { StatusBook } from "./status-book.js";

export type ControlledOptions = {
	readonly book: Pick<StatusBook, "status" | "problem">;
	readonly recorder: Pick<TimelineRecorder, "timeline">;
	readonly settling: SettlingOptions;
	readonly reload: Pick<Reload, "reload" | "lacking">;
	readonly requests: Pick<Requests, "load">;
	readonly askers: Pick<Askers, "during">;
	readonly counted: Counted;
	readonly journal: Pick<Journal, "error">;
	readonly stopBy: (what: string) => void;
	/** Formats the metrics in Prometheus' text format. */
	readonly formatMetrics: (metrics: Metrics, status: AgentStatus) => Promise<string>;
};

export function makeControlled(options: ControlledOptions): Controlled {
	const { book, recorder, settling, reload, requests, askers, counted, journal } = options;

	async function load(request: LoadRequest, client?: Client): Promise<LoadReply> {
		const lacking = reload.lacking();
		if (lacking !== undefined) return { result: "refused", explanation: `no usable indexes yet: ${lacking.why}` };
		const begin = () => requests.load(request);
		return client !== undefined && request.wait ? askers.during(client, begin) : begin();
	}

	return {
		status: () => book.status(),
		settle: (milliseconds, client) => settleFor(settling, milliseconds, client),
		reload: (client) => askers.during(client, () => reload.reload()),
		load,
		stop: () => options.stopBy("asked to stop"),
		metrics: () => options.formatMetrics(counted.metrics(), book.status()),
		timeline: () => recorder.timeline(),
		failed(thrown) {
			counted.requestFailed();
			const message = `could not answer a request: ${asError(thrown).message}`;
			book.problem(message);
			const stack = thrown instanceof Error ? thrown.stack : undefined;
			journal.error(stack === undefined ? {} : { stack }, message);
		},
	};
}
