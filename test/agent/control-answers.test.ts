import test from "ava";
import type { LoadRequest } from "../../src/agent/control.js";
import { answerControl, answerLoad, type Controlled } from "../../src/agent/control-answers.js";
import { sampleStatus } from "../support/agent-status.js";

const asked: unknown[] = [];

const agent: Controlled = {
	status: () => sampleStatus,
	settle: async (milliseconds) => ({ settled: milliseconds > 10, waiting_for: milliseconds > 10 ? [] : ["e1000"] }),
	reload: async () => ({ problems: 2 }),
	async load(request: LoadRequest) {
		asked.push(request);
		if (request.alias === "broken") throw new Error("it is\nbroken");
		if (request.alias === "unknown") return { result: "nothing", explanation: "no module has it" };
		return { result: request.wait ? "done" : "taken", explanation: "as it is" };
	},
	stop: () => void asked.push("stop"),
	metrics: async () => "# TYPE x counter\nx 1\n",
};

const answer = async (line: string) => JSON.parse(await answerControl(agent, Buffer.from(line)));

test("every command is answered by what the agent says", async (t) => {
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
	t.deepEqual(await answer('{"command":"stop"}'), { ok: true });
	t.is(asked.at(-1), "stop");
});

test("what is wrong with a request, or goes wrong, is the error, in one line", async (t) => {
	t.deepEqual(await answer("rubbish"), { ok: false, error: "the line is no JSON object" });
	t.deepEqual(await answer('{"command":"load","alias":"broken"}'), { ok: false, error: "it is broken" });
});

test("the plain socket answers with an exit status", async (t) => {
	for (const [line, status] of [
		["w x", "0\n"],
		["n x", "0\n"],
		["k unknown", "1\n"],
		["w broken", "1\n"],
		["rubbish", "1\n"],
	] as const)
		t.is(await answerLoad(agent, Buffer.from(line)), status, line);
	t.like(asked.at(-2), { alias: "unknown", for: "kernel", wait: true });
});
