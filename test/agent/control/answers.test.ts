import test from "ava";
import { answerControl, answerLoad, type Controlled } from "../../../src/agent/control/answers.js";
import { NotDone } from "../../../src/agent/control/not-done.js";
import type { LoadRequest } from "../../../src/agent/control/protocol.js";
import { clientOf } from "../../support/fakes/client.js";
import { sampleStatus } from "../../support/running/agent-status.js";
import { sampleTimeline } from "../../support/running/agent-timeline.js";

const asked: unknown[] = [];
const failures: unknown[] = [];

const agent: Controlled = {
	status: () => sampleStatus,
	settle: async (milliseconds) => ({ settled: milliseconds > 10, waiting_for: milliseconds > 10 ? [] : ["e1000"] }),
	async reload(client) {
		if (client.lineage().length > 0) throw new NotDone("not now");
		return { problems: 2 };
	},
	async load(request: LoadRequest) {
		asked.push(request);
		if (request.alias === "broken") throw new Error("it is\nbroken");
		if (request.alias === "late") return { result: "refused", explanation: "it is stopping" };
		if (request.alias === "unknown") return { result: "nothing", explanation: "no module has it" };
		return { result: request.wait ? "done" : "taken", explanation: "as it is" };
	},
	stop: () => void asked.push("stop"),
	metrics: async () => "# TYPE x counter\nx 1\n",
	timeline: () => sampleTimeline,
	failed: (thrown) => void failures.push(thrown),
};

const answer = async (line: string, client = clientOf()) =>
	JSON.parse(await answerControl(agent, Buffer.from(line), client));

test.serial("every command is answered by what the agent says", async (t) => {
	t.deepEqual(await answer('{"command":"status"}'), { ok: true, status: sampleStatus });
	t.deepEqual(await answer('{"command":"settle"}'), { ok: true, settled: true, waiting_for: [] });
	t.deepEqual(await answer('{"command":"settle","timeout_milliseconds":1}'), {
		ok: true,
		settled: false,
		waiting_for: ["e1000"],
	});
	t.deepEqual(await answer('{"command":"reload"}'), { ok: true, problems: 2 });
	t.deepEqual(await answer('{"command":"load","alias":"x"}'), { ok: true, result: "done", explanation: "as it is" });
	t.deepEqual(await answer('{"command":"metrics"}'), { ok: true, text: "# TYPE x counter\nx 1\n" });
	t.deepEqual(await answer('{"command":"timeline"}'), { ok: true, timeline: sampleTimeline });
	t.deepEqual(await answer('{"command":"stop"}'), { ok: true });
	t.is(asked.at(-1), "stop");
});

test.serial("what is wrong with a request, or goes wrong, is the error, in one line", async (t) => {
	t.deepEqual(await answer("rubbish"), { ok: false, error: "the line is no JSON object" });
	t.deepEqual(await answer('{"command":"load","alias":"broken"}'), { ok: false, error: "it is broken" });
});

test.serial(
	"a fault of the agent's is told and counted, on both sockets, and what it will not do is not",
	async (t) => {
		failures.length = 0;
		t.deepEqual(await answer('{"command":"reload"}', clientOf(7)), { ok: false, error: "not now" });
		t.deepEqual(await answer("rubbish"), { ok: false, error: "the line is no JSON object" });
		t.deepEqual(failures, []);
		await answer('{"command":"load","alias":"broken"}');
		t.is(await answerLoad(agent, Buffer.from("w broken"), clientOf()), "2\n");
		t.deepEqual(failures.map(String), ["Error: it is\nbroken", "Error: it is\nbroken"]);
	},
);

test("an answer that cannot be written is a fault, too", async (t) => {
	const circle: { self?: object } = {};
	circle.self = circle;
	const odd: Controlled = { ...agent, status: () => circle as never };
	const reply = JSON.parse(await answerControl(odd, Buffer.from('{"command":"status"}'), clientOf()));
	t.false(reply.ok);
	t.regex(reply.error, /circular/i);
});

test.serial("the plain socket answers with an exit status", async (t) => {
	for (const [line, status] of [
		["w x", "0\n"],
		["n x", "0\n"],
		["k unknown", "1\n"],
		["w broken", "2\n"],
		["k late", "2\n"],
		["n late", "2\n"],
		["rubbish", "1\n"],
	] as const)
		t.is(await answerLoad(agent, Buffer.from(line), clientOf()), status, line);
	t.like(asked.at(-4), { alias: "unknown", for: "kernel", wait: true });
});

test.serial("who waits for a request is told to the agent, on both sockets", async (t) => {
	const clients: unknown[] = [];
	const noting: Controlled = {
		...agent,
		async load(_request, client) {
			clients.push(client?.lineage());
			return { result: "done", explanation: "" };
		},
	};
	await answerControl(noting, Buffer.from('{"command":"load","alias":"x"}'), clientOf(7));
	t.is(await answerLoad(noting, Buffer.from("w x"), clientOf(8)), "0\n");
	t.deepEqual(clients, [[7], [8]]);
});
