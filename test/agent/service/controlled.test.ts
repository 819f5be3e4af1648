import test from "ava";
import type { LoadRequest } from "../../../src/agent/control/protocol.js";
import { makeControlled } from "../../../src/agent/service/controlled.js";
import { makeMetrics } from "../../../src/agent/telling/metrics.js";
import type { Knowledge } from "../../../src/libkmod/knowledge/knowledge.js";
import { sampleTimeline } from "../../support/running/agent-timeline.js";

const client = { lineage: () => [], hasGone: () => false };
const request: LoadRequest = { command: "load", alias: "x:a", for: "user", wait: true };

function setUp(lacking?: Knowledge["lacking"]) {
	const told: string[] = [];
	const logged: [object, string][] = [];
	const counted = makeMetrics();
	const agent = makeControlled({
		book: { status: () => ({}) as never, problem: (message) => void told.push(`problem: ${message}`) },
		recorder: { timeline: () => sampleTimeline },
		settling: {} as never,
		reload: { reload: async () => ({ problems: 3 }), lacking: () => lacking },
		requests: {
			async load({ alias }) {
				told.push(`loads ${alias}`);
				return { result: "done", explanation: "" };
			},
		},
		askers: {
			async during(_, answer) {
				told.push("a client waits");
				return answer();
			},
		},
		counted,
		journal: { error: (fields: object, message: string) => void logged.push([fields, message]) },
		stopBy: (what) => void told.push(`stops: ${what}`),
		formatMetrics: async ({ requests_failed }) => `failed: ${requests_failed}`,
	});
	return { agent, told, logged };
}

test("a client that waits for its load counts as waiting, and neither one that does not nor the spool", async (t) => {
	const { agent, told } = setUp();
	await agent.load(request, client);
	await agent.load({ ...request, wait: false }, client);
	await agent.load(request);
	t.deepEqual(told, ["a client waits", "loads x:a", "loads x:a", "loads x:a"]);
});

test("without indexes a load is refused, and nothing begins", async (t) => {
	const { agent, told } = setUp({ why: "no indexes", kind: "unusable" });
	t.deepEqual(await agent.load(request, client), {
		result: "refused",
		explanation: "no usable indexes yet: no indexes",
	});
	t.deepEqual(told, []);
});

test("whoever asks for a reload counts as waiting", async (t) => {
	const { agent, told } = setUp();
	t.deepEqual(await agent.reload(client), { problems: 3 });
	t.deepEqual(told, ["a client waits"]);
});

test("a request that could not be answered is counted, and told in status and log, there with its stack", async (t) => {
	const { agent, told, logged } = setUp();
	const fault = new Error("a fault");
	agent.failed(fault);
	agent.failed("no error");
	t.deepEqual(logged, [
		[{ stack: fault.stack }, "could not answer a request: a fault"],
		[{}, "could not answer a request: no error"],
	]);
	t.deepEqual(told, ["problem: could not answer a request: a fault", "problem: could not answer a request: no error"]);
	t.is(await agent.metrics(), "failed: 2");
});

test("a client's stop is told as such", (t) => {
	const { agent, told } = setUp();
	agent.stop();
	t.deepEqual(told, ["stops: asked to stop"]);
});

test("the timeline is what the recorder has", (t) => {
	t.is(setUp().agent.timeline(), sampleTimeline);
});
