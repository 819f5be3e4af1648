import test from "ava";
import type { ControlOptions } from "../../../src/ports/control.js";
import { answerUntil } from "../../../src/tools/agent/sockets.js";

/** @param fault which socket cannot listen */
function setUp(fault?: string) {
	const done: string[] = [];
	const options: Parameters<typeof answerUntil>[1] = {
		agent: {} as never,
		serving: {
			settings: { run_directory: "/run/x" },
			ports: {
				async listenControl({ path }: ControlOptions) {
					if (path === fault) throw new Error(`no ${path}`);
					done.push(`listens on ${path}`);
					return { close: async () => void done.push(`closes ${path}`) };
				},
			},
		} as never,
		onListening: () => void done.push("listening"),
		onEnd: () => void done.push("end"),
	};
	return { done, options };
}

const listens = ["listens on /run/x/control", "listens on /run/x/load"];
const closes = ["closes /run/x/control", "closes /run/x/load"];

test("both sockets listen until the agent ends, which is told before they are closed", async (t) => {
	const { done, options } = setUp();
	let end = () => {};
	const answering = answerUntil(new Promise<void>((resolve) => (end = resolve)), options);
	await new Promise((resolve) => setImmediate(resolve));
	t.deepEqual(done, [...listens, "listening"]);
	end();
	await answering;
	t.deepEqual(done, [...listens, "listening", "end", ...closes]);
});

test("a socket that cannot listen ends the agent, closes the other one, and is the error", async (t) => {
	const { done, options } = setUp("/run/x/load");
	let end = () => {};
	const ended = new Promise<void>((resolve) => (end = resolve));
	const answering = answerUntil(ended, { ...options, onEnd: () => [options.onEnd, end].forEach((one) => void one()) });
	await t.throwsAsync(answering, { message: "no /run/x/load" });
	t.deepEqual(done, ["listens on /run/x/control", "end", "closes /run/x/control"]);
});

test("what the agent fails by is the error, behind the sockets' end", async (t) => {
	const { done, options } = setUp();
	await t.throwsAsync(answerUntil(Promise.reject(new Error("a fault")), options), { message: "a fault" });
	t.deepEqual(done.slice(-2), closes);
});
