// Requests for modules are answered as early as possible: neither a hanging module, nor a module that others wait for, nor a
// module whose own insertion makes the request leaves a client without an answer.
import test from "ava";
import { makeRequests } from "../../../src/agent/control/load-requests.js";
import { MAY_HANG } from "../../../src/libkmod/insertion/semaphore.js";
import { type AgentInMemoryOptions, makeAgentInMemory } from "../../support/fakes/agent-in-memory.js";
import { heard } from "../../support/fakes/fake-kernel.js";
import { until } from "../../support/running/until.js";
import type { World } from "../../support/worlds/world.js";

const world: World = {
	modules: { d: [], p: [], x: [], y: [] },
	aliases: { "pci:x": "x", "pci:y": "y", "any:*": ["x", "d"] },
};

const softdep = (line: string): World => ({ ...world, config: `softdep ${line}\n` });

const hangsSoon: AgentInMemoryOptions = { hungMilliseconds: 1000 };

for (const whom of ["user", "kernel"] as const) {
	test(`who asks as ${whom} for what is live is not kept by its softdep, which hangs`, async (t) => {
		const { kernel, asks, until } = makeAgentInMemory(t, softdep("d pre: p"), hangsSoon);
		const replies = await asks("d", whom);
		await until("p hangs");
		t.deepEqual(replies, []);
		await kernel.end("d");
		t.like(replies, { 0: { result: "done" }, length: 1 });
	});
}

test("who asks for what has a softdep behind it is answered once that hangs, and not before", async (t) => {
	const { kernel, asks, until } = makeAgentInMemory(t, softdep("d post: p"), hangsSoon);
	const replies = await asks("d");
	await kernel.end("d");
	t.deepEqual(replies, []);
	await until("p hangs");
	t.like(replies, { 0: { result: "done" }, length: 1 });
});

test("who asks for what has a softdep behind it is answered once that waits for what hangs", async (t) => {
	const { comesUp, kernel, asks, until } = makeAgentInMemory(
		t,
		{ ...softdep("d post: p"), modules: { ...world.modules, p: ["y"] } },
		hangsSoon,
	);
	await comesUp(["/y", "pci:y"]);
	const replies = await asks("d");
	await kernel.end("d");
	await until("p waits for y");
	t.like(replies, { 0: { result: "done" }, length: 1 });
});

for (const when of ["pre", "post"]) {
	test(`a driver whose init asks for what has that driver as its ${when} softdep is answered`, async (t) => {
		const { comesUp, kernel, asks } = makeAgentInMemory(t, softdep(`d ${when}: x`));
		await comesUp(["/x", "pci:x"]);
		const replies = await asks("d", "kernel");
		await kernel.end("d");
		t.like(replies, { 0: { result: "done" }, length: 1 });
		t.deepEqual(kernel.underway(), ["x"]);
	});
}

test("a driver whose init asks by an alias that it matches itself is answered when the other one is live", async (t) => {
	const { comesUp, kernel, asks } = makeAgentInMemory(t, world);
	await comesUp(["/x", "pci:x"]);
	const replies = await asks("any:1", "kernel");
	await kernel.end("d");
	t.like(replies, { 0: { result: "done" }, length: 1 });
	t.deepEqual(kernel.underway(), ["x"]);
});

test("and where the other one is live already, it is answered at once", async (t) => {
	const { comesUp, kernel, asks } = makeAgentInMemory(t, world);
	kernel.live.add("d");
	await comesUp(["/x", "pci:x"]);
	t.like(await asks("any:1", "kernel"), { 0: { result: "done" }, length: 1 });
});

test("what has begun is waited for where nothing else that the kernel asks for comes to life", async (t) => {
	const { comesUp, kernel, asks } = makeAgentInMemory(t, world);
	await comesUp(["/x", "pci:x"]);
	const replies = [await asks("x", "kernel"), await asks("any:1", "kernel")];
	await kernel.end("d", "ENODEV");
	t.deepEqual(replies, [[], []]);
	await kernel.end("x");
	t.like(replies, { 0: { 0: { result: "done" }, length: 1 }, 1: { 0: { result: "failed" }, length: 1 } });
});

test("who asks in his own name waits for all that he asked for, and for what has begun", async (t) => {
	const { comesUp, kernel, asks } = makeAgentInMemory(t, world);
	await comesUp(["/x", "pci:x"]);
	const replies = await asks("any:1");
	await kernel.end("x");
	t.deepEqual(replies, []);
	await kernel.end("d");
	t.like(replies, { 0: { result: "done" }, length: 1 });
});

test("what is asked for and hangs is told, and is said to come up yet", async (t) => {
	const { asks, until } = makeAgentInMemory(t, world, hangsSoon);
	const replies = await asks("d", "kernel");
	await until("d hangs");
	const told = { result: "failed" as const, explanation: "d hangs: d may still be loaded later" };
	t.deepEqual(replies, [told]);
	t.deepEqual(await asks("d", "kernel"), [told]);
	t.deepEqual(await asks("d"), [told]);
});

test("who asks is answered when what he asked for has no file, though a device waits for it to come back", async (t) => {
	const { comesUp, kernel, asks } = makeAgentInMemory(t, world, { gone: new Set(["x"]) });
	const replies = await asks("x");
	await comesUp(["/x", "pci:x"]);
	await kernel.end("x");
	t.like(replies, { 0: { result: "failed" }, length: 1 });
	// The insertion is tried once more for the device, which came up after the request. Then the device waits for the file.
	await kernel.end("x");
	t.deepEqual(kernel.underway(), []);
});

test("who asks for what cannot be planned is refused, so that he does it himself", async (t) => {
	const { asks, log } = makeAgentInMemory(t, world, {
		change: (knowledge) => ({
			...knowledge,
			options() {
				throw new Error("no options");
			},
		}),
	});
	t.deepEqual(await asks("d"), [
		{ result: "refused", explanation: "could not plan or carry out the request: no options" },
	]);
	t.deepEqual(log, ["a request: d: no options"]);
});

test("and so is who asks for what cannot be carried out", async (t) => {
	const { asks, inserter, log } = makeAgentInMemory(t, world);
	inserter.carryOut = () => {
		throw new Error("no flights");
	};
	t.like(await asks("d"), { 0: { result: "refused" }, length: 1 });
	t.deepEqual(log, ["the rest of batch 1: no flights"]);
});

test("who waits for a place that nobody will give up is answered when the last one that got on has ended", async (t) => {
	const hanging = Array.from({ length: 16 + MAY_HANG }, (_, place) => `h${place}`);
	const crowd: World = {
		modules: Object.fromEntries([...hanging, "x", "y"].map((name) => [name, []])),
		aliases: Object.fromEntries(hanging.map((name) => [`pci:${name}`, name])),
	};
	const { comesUp, kernel, inserter, asks } = makeAgentInMemory(t, crowd, { hungMilliseconds: 300 });
	await comesUp(...hanging.map((name) => [`/${name}`, `pci:${name}`] as const));
	await until(() => inserter.running().filter(({ hung }) => hung).length >= hanging.length);
	await asks("x", "kernel");
	const replies = await asks("y");
	await kernel.end("x");
	await until(() => replies.length > 0);
	t.like(replies, { 0: { result: "failed", explanation: "y waits for h0, which hangs: y may still be loaded later" } });
});

test("however many wait for what hangs, open requests look once what that is", async (t) => {
	let looks = 0;
	const { load, hang } = makeRequests({
		load(request) {
			request.onDecided([]);
			request.onPlanned(["d"]);
		},
		inserter: {
			isWaiting: () => false,
			running: () => [],
			stuck() {
				looks++;
				return [];
			},
		},
		leave: () => undefined,
	});
	for (let n = 0; n < 10; n++) void load({ command: "load", alias: "d", for: "user", wait: true });
	await heard();
	t.is(looks, 1);
	for (let n = 0; n < 2000; n++) hang();
	await heard();
	t.is(looks, 2);
});
