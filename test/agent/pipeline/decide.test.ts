// The decisions about events. A column is a millisecond. Of the script: a, c, u and r are drains (an add and a change of a, an add
// and the removal of u), f and g are slices with a and u, n means that other indexes count from now on, w ends a walk, q is a
// client's request. Told: a decision by the last letter of its device, q for a request, in capitals when no module matches; an
// event that goes on by the first letter of its kind, such as h for a drain.
import test, { type ExecutionContext } from "ava";
import { map } from "rxjs";
import { TestScheduler } from "rxjs/testing";
import { type Decider, makeDecider } from "../../../src/agent/decisions/decider.js";
import { decide } from "../../../src/agent/pipeline/decide.js";
import type { PipelineEvent } from "../../../src/agent/pipeline/events.js";
import { makeWorld } from "../../support/worlds/world.js";

const uevent = (action: string, name: string) => ({
	action,
	devpath: `/devices/${name}`,
	seqnum: 1,
	aliases: [`x:${name}`],
});

const found = (name: string): PipelineEvent => ({
	kind: "found",
	devices: [{ devpath: `/devices/${name}`, aliases: [`x:${name}`] }],
});

const asked: string[] = [];

const events: Readonly<Record<string, PipelineEvent>> = {
	a: { kind: "heard", uevents: [uevent("add", "a")] },
	c: { kind: "heard", uevents: [uevent("change", "a")] },
	u: { kind: "heard", uevents: [uevent("add", "u")] },
	r: { kind: "heard", uevents: [uevent("remove", "u")] },
	f: found("a"),
	g: found("u"),
	n: { kind: "renewed" },
	w: { kind: "walked", devices: 1 },
	q: {
		kind: "asked",
		request: {
			alias: "x:a",
			beyondBound: true,
			onDecided: (decisions) => void asked.push(...decisions.map(({ alias }) => alias)),
			onPlanned: () => undefined,
			onOutcome: () => undefined,
			onSkipped: () => undefined,
		},
	},
};

type Story = {
	/** The modules that each decider in turn knows, or "none" when there is no decider. */
	readonly deciders?: readonly (readonly string[] | "none")[];
	readonly asksForMore?: boolean;
	readonly told: string;
	readonly skipped?: readonly string[];
};

function tell(t: ExecutionContext, script: string, story: Story): void {
	const { deciders = [["a"]], asksForMore = false, told, skipped = [] } = story;
	const passedOver: string[] = [];
	let next = 0;
	const decider = (): Decider => {
		const known = deciders[next++] ?? "none";
		if (known === "none") throw new Error("unreadable");
		const modules = Object.fromEntries(known.map((name) => [name, []]));
		return makeDecider(makeWorld({ modules, aliases: Object.fromEntries(known.map((name) => [`x:${name}`, name])) }));
	};
	new TestScheduler(t.deepEqual).run(({ cold, expectObservable }) => {
		const decided = cold(script, events).pipe(
			decide({
				decider,
				asksForMore: () => asksForMore,
				onSkipped: (what, error) => void passedOver.push(`${what}: ${error.message}`),
			}),
			map((event) => (event.kind === "decided" ? event.decisions.map(markOf).join("") : event.kind[0]!)),
		);
		expectObservable(decided).toBe(told);
	});
	t.deepEqual(passedOver, skipped);
}

const markOf = ({ device, matches }: { device: string; matches: readonly unknown[] }): string => {
	const letter = device === "" ? "q" : device.at(-1)!;
	return matches.length === 0 ? letter.toUpperCase() : letter;
};

test("what has come up is decided behind the drain that tells of it", (t) => tell(t, "a--", { told: "(ha)" }));

test("whatever else happened to a device asks for nothing, unless something else than its aliases does", (t) => {
	tell(t, "c--", { told: "h" });
	// With `asksForMore` a change gets decisions. The device's own aliases count when it comes up, so that its decisions are
	// empty, but the event that carries them keeps its place.
	new TestScheduler(t.deepEqual).run(({ cold, expectObservable }) => {
		const asking = decide({
			decider: () => makeDecider(makeWorld({ modules: {} })),
			asksForMore: () => true,
			onSkipped: () => undefined,
		});
		expectObservable(
			cold("c", events).pipe(
				asking,
				map(({ kind }) => kind[0]),
			),
		).toBe("(hd)");
	});
});

test("what a look finds is decided, and what it tells besides goes on as it is", (t) =>
	tell(t, "f-w-", { told: "a-w-" }));

test("a device that matched nothing is decided anew when other indexes count, unless it has left", (t) => {
	tell(t, "g-n--n", { deciders: [["a"], ["a", "u"], ["a"]], told: "U-u---" });
	tell(t, "u---r---n", { deciders: [["a"], ["a", "u"]], told: "(hU)h---" });
});

test("where what was read anew cannot be used, what was known still counts", (t) => {
	tell(t, "g-n-f", {
		deciders: [["a"], "none"],
		told: "U-U-a",
		skipped: ["the reloaded indexes and configuration: unreadable"],
	});
});

test("whoever asks is told what the alias asks for before anything is done for it", (t) => {
	asked.length = 0;
	tell(t, "q", { told: "q" });
	t.deepEqual(asked, ["x:a"]);
});
