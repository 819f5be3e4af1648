// A failure has a narrow effect: an exception about one device, rule or decision, or in one reader of the reports, stops
// nothing else.

import test from "ava";
import { concat, lastValueFrom, NEVER, of, toArray } from "rxjs";
import { makeCommands } from "../../../src/agent/commands/commands.js";
import { planApart, planBatch } from "../../../src/agent/decisions/batch.js";
import { makeDecider } from "../../../src/agent/decisions/decider.js";
import type { Announcement } from "../../../src/agent/devices/devices.js";
import { seenByUdev } from "../../../src/agent/devices/udev-database.js";
import { parseUevent } from "../../../src/agent/devices/uevent.js";
import { type HotplugOptions, hotplug } from "../../../src/agent/pipeline/hotplug.js";
import { type LoadRule, noPolicy, type Policy } from "../../../src/agent/policy/policy.js";
import { openJournal } from "../../../src/agent/telling/journal.js";
import { reportRecord } from "../../../src/agent/telling/report.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import type { Knowledge } from "../../../src/libkmod/knowledge/knowledge.js";
import type { Step } from "../../../src/libkmod/planning/plan-insertion.js";
import type { PresentDevice } from "../../../src/ports/devices.js";
import { makeWorld } from "../../support/worlds/world.js";

const names = ["a", "b", "c", "d", "e"];
const knowledge = makeWorld({
	modules: Object.fromEntries(names.map((name) => [name, []])),
	aliases: Object.fromEntries(names.map((name) => [`x:${name}`, name])),
});
const deviceNamed = (name: string): PresentDevice => ({ devpath: `/devices/${name}`, aliases: [`x:${name}`] });

const deep = (): never => {
	throw new RangeError("Maximum call stack size exceeded");
};

/** Knowledge that throws for every question about this module's file. */
const spoilt = (module: string): Knowledge => ({
	...knowledge,
	file: (name) => (name === module ? deep() : knowledge.file(name)),
});

/** Runs coldplug among present devices and announced ones. Returns the modules that it begins and the parts that it skips. */
async function load(options: Partial<HotplugOptions>, drain: readonly string[] = []) {
	const begun: string[] = [];
	const datagrams = drain.map((name, number) =>
		Buffer.from(`add@/devices/${name}\0MODALIAS=x:${name}\0SEQNUM=${number + 1}\0`),
	);
	const announced = concat(
		of<Announcement[]>(
			{ kind: "listening", receiveBuffer: 4096, drops: () => 0, waiting: () => 0 },
			{ kind: "drain", datagrams },
		),
		NEVER,
	);
	const reports = await lastValueFrom(
		hotplug({
			devices: { announced, present: () => [names.slice(0, 3).map(deviceNamed)] },
			knowledge: () => knowledge,
			inserter: {
				busy: () => 0,
				carryOut: (plan: readonly Step[]) =>
					plan.map((step) => {
						begun.push(step.module);
						return { outcome: of({ step, result: "inserted", milliseconds: 0 } as const), joined: false };
					}),
			},
			listLive: () => new Set(begun),
			quietMilliseconds: 5,
			stop: NEVER,
			endWhenSettled: true,
			...options,
		}).pipe(toArray()),
	);
	const skipped = reports.flatMap((report) =>
		report.kind === "skipped" ? [`${report.what}: ${report.error.message}`] : [],
	);
	return { begun: [...new Set(begun)].sort(), skipped, last: reports.at(-1)?.kind };
}

test("a device for which deciding throws costs that device", async (t) => {
	const decide = makeDecider(knowledge);
	const decider = () => (device: PresentDevice) => (device.devpath === "/devices/b" ? deep() : decide(device));
	t.deepEqual(await load({ decider }, ["d"]), {
		begun: ["a", "c", "d"],
		skipped: ["/devices/b: Maximum call stack size exceeded"],
		last: "settled",
	});
});

test("a uevent that cannot be parsed costs that uevent, and one that no rule can be asked about itself", async (t) => {
	const present = () => [names.slice(0, 3).map(deviceNamed)];
	const announced = concat(
		of<Announcement[]>(
			{ kind: "listening", receiveBuffer: 4096, drops: () => 0, waiting: () => 0 },
			{ kind: "drain", datagrams: ["d", "bad", "e", "odd"].map((name) => Buffer.from(name)) },
		),
		NEVER,
	);
	const parse = (datagram: Buffer) => {
		const name = datagram.toString();
		if (name === "bad") return deep();
		const action = name === "odd" ? "change" : "add";
		return parseUevent(Buffer.from(`${action}@/devices/${name}\0MODALIAS=x:${name}\0`));
	};
	t.deepEqual(await load({ devices: { announced, present, parse }, asksForMore: deep }), {
		begun: names,
		skipped: ["a uevent: Maximum call stack size exceeded", "/devices/odd: Maximum call stack size exceeded"],
		last: "settled",
	});
});

test("a decision that no plan can be made for costs that decision: the others of its batch are planned", async (t) => {
	t.deepEqual(await load({ knowledge: () => spoilt("b"), decider: () => makeDecider(knowledge) }, ["d"]), {
		begun: ["a", "c", "d"],
		skipped: ["/devices/b: x:b: Maximum call stack size exceeded"],
		last: "settled",
	});
});

test("an inserter that throws, and a list of live modules that does, end nothing", async (t) => {
	const thrown = await load({ inserter: { busy: () => 0, carryOut: deep } });
	t.is(thrown.last, "settled");
	t.deepEqual(thrown.skipped, ["the rest of batch 1: Maximum call stack size exceeded"]);
	const unlisted = await load({ listLive: deep });
	t.deepEqual(unlisted.begun, ["a", "b", "c"]);
});

test("halving leaves out what throws, and keeps the order of the rest", (t) => {
	const decide = makeDecider(knowledge);
	const decisions = names.flatMap((name) => decide(deviceNamed(name)));
	const skipped: string[] = [];
	let number = 0;
	const batches = planApart(
		decisions,
		(some) => planBatch(++number, spoilt("d"), some, { isLive: () => false, wasTried: () => false }),
		(what) => void skipped.push(what),
	);
	t.deepEqual(
		batches.flatMap(({ plan }) => plan.map(({ module }) => module)),
		["a", "b", "c", "e"],
	);
	t.deepEqual(skipped, ["/devices/d: x:d"]);
});

const source = { file: "p", line: 7 };
const badPatterns = {
	get devpath(): readonly string[] {
		return deep();
	},
};

test("a rule that throws costs that rule; one that keeps something out costs what it might have kept out", (t) => {
	const skipped: string[] = [];
	const loading = (rule: Partial<LoadRule>, module: string): LoadRule =>
		Object.defineProperties(
			{ source, load: [module], ownAliases: false },
			Object.getOwnPropertyDescriptors(rule),
		) as LoadRule;
	const policy: Policy = { ...noPolicy, load: [loading(badPatterns as never, "d"), loading({}, "e")] };
	const decide = makeDecider(knowledge, policy, (what) => void skipped.push(what));
	t.deepEqual(
		decide(deviceNamed("a")).flatMap(({ matches }) => matches.map(({ found }) => found.module)),
		["a", "e"],
	);
	t.deepEqual(skipped, ["p line 7 for /devices/a"]);
	const deny = [Object.defineProperties({ source }, Object.getOwnPropertyDescriptors(badPatterns))] as never;
	const [denied] = makeDecider(knowledge, { ...noPolicy, deny })(deviceNamed("a"));
	t.deepEqual(denied?.matches, []);
	t.is(denied?.problem?.message, "Maximum call stack size exceeded");
});

test("a look-up that throws costs one alias", (t) => {
	const odd: Knowledge = {
		...knowledge,
		blacklisted: (module) => (module === "b" ? deep() : undefined),
	};
	const decisions = makeDecider(odd)({ devpath: "/x", aliases: ["x:a", "x:b", "x:c"] });
	t.deepEqual(
		decisions.map(({ matches, problem }) => [matches.length, problem?.name]),
		[
			[1, undefined],
			[0, "RangeError"],
			[1, undefined],
		],
	);
});

test("a device for which no command's environment can be made costs its commands", (t) => {
	const skipped: string[] = [];
	const added: string[] = [];
	const run = [{ source, command: ["/bin/x"], timeoutMilliseconds: 1 }] as const;
	const commands = makeCommands(
		() => ({ ...noPolicy, run: run as never }),
		{ add: ({ device }) => void added.push(device) },
		(what) => void skipped.push(what),
	);
	const uevent = (devpath: string) => ({ action: "add", devpath, seqnum: undefined, aliases: [] });
	const odd = { ...uevent("/odd"), properties: { get: () => undefined, [Symbol.iterator]: deep } };
	commands.hear([uevent("/a"), odd, uevent("/b")]);
	t.deepEqual(added, ["/a", "/b"]);
	t.deepEqual(skipped, ["/odd"]);
});

test("a device of which udev's record, or its subsystem, cannot be read costs that device", (t) => {
	const skipped: string[] = [];
	const read = (path: string) => {
		if (path.endsWith(":b")) throw new Refusal({ operation: "read", subject: path, code: "EIO" });
		return undefined;
	};
	const identify = ({ devpath }: PresentDevice) =>
		devpath === "/devices/c" ? deep() : { subsystem: "x", number: undefined, ifindex: undefined };
	const seen = [
		...seenByUdev(names.map(deviceNamed), {
			identify,
			files: { read },
			onSkipped: (what, { message }) => void skipped.push(`${what}: ${message}`),
		}),
	];
	t.deepEqual(
		seen.map(({ devpath }) => devpath),
		["/devices/a", "/devices/d", "/devices/e"],
	);
	t.deepEqual(skipped, ["/devices/b: read /run/udev/data/+x:b: EIO", "/devices/c: Maximum call stack size exceeded"]);
});

test("the log tells what was passed over once, and JSON lines have it", (t) => {
	const lines: string[] = [];
	const journal = openJournal("info", (line) => void lines.push(line));
	const report = {
		kind: "skipped",
		what: "/devices/b",
		error: new Refusal({ operation: "read", subject: "/x", code: "EIO" }),
	} as const;
	journal.record(report);
	journal.record(report);
	t.is(lines.length, 1);
	t.like(JSON.parse(lines[0]!), {
		level: 50,
		what: "/devices/b",
		msg: "skipped /devices/b: could not read /x: EIO",
	});
	t.deepEqual(reportRecord(report), [{ kind: "skipped", what: "/devices/b", reason: "read /x: EIO" }]);
});
