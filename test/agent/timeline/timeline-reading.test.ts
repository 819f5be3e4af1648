import test from "ava";
import type { Timeline } from "../../../src/agent/timeline/timeline.js";
import { type AcceptedTimeline, checkTimeline } from "../../../src/agent/timeline/timeline-reading.js";
import { sampleTimeline } from "../../support/running/agent-timeline.js";

const [first] = sampleTimeline.modules;
const withModule = (more: object): object => ({ ...sampleTimeline, modules: [{ ...first, ...more }] });

test("a timeline is accepted as it is, with keys of a later version too", (t) => {
	t.deepEqual(checkTimeline(sampleTimeline), sampleTimeline);
	const later = { ...withModule({ result: "postponed", colour: "red" }), more: 1 };
	t.deepEqual(checkTimeline(later), later as never);
});

test("whatever is no timeline is refused by a clause that names the place", (t) => {
	const wrong = (place: string) => `it is no timeline of hotplugd: ${place} is not as it should be`;
	for (const [value, clause] of [
		[undefined, "it is no timeline of hotplugd"],
		[[], wrong("format")],
		[{}, wrong("format")],
		[{ ...sampleTimeline, format: 2 }, wrong("format")],
		[{ ...sampleTimeline, modules: {} }, wrong("modules")],
		[{ ...sampleTimeline, milliseconds: Infinity }, wrong("milliseconds")],
		[{ ...sampleTimeline, marks: [{ kind: "settled", at: -1 }] }, wrong("marks.0.at")],
		[{ ...sampleTimeline, marks: Array(201).fill({ kind: "settled", at: 1 }) }, wrong("marks")],
		[{ ...sampleTimeline, modules: Array(2001).fill(first) }, wrong("modules")],
		[withModule({ module: 7 }), wrong("modules.0.module")],
		[withModule({ module: "x".repeat(1001) }), wrong("modules.0.module")],
		[withModule({ wanted: 1e300 }), wrong("modules.0.wanted")],
		[withModule({ cause: { kind: "whim", why: "" } }), wrong("modules.0.cause.kind")],
		[withModule({ waits: Array(66).fill({ kind: "permit" }) }), wrong("modules.0.waits")],
		[withModule({ begun: 50 }), "modules.0: its times are not in order"],
		[withModule({ ended: 4001 }), "its times are not in order"],
	] as const)
		t.is(checkTimeline(value), clause);
});

/** A type without the keys that a loose object may have beside its own, at every depth. */
type Known<Given> = Given extends readonly (infer Item)[]
	? readonly Known<Item>[]
	: Given extends object
		? { readonly [Key in keyof Given as string extends Key ? never : Key]: Known<Given[Key]> }
		: Given;
type Same<One, Other> = (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false;

test("what is accepted has the keys of the type and no others, which the compiler holds", (t) => {
	const isSame: Same<Known<AcceptedTimeline>, Known<Timeline>> = true;
	t.true(isSame);
	const isSameWithout: Same<Known<AcceptedTimeline>, Known<Omit<Timeline, "kernel">>> = false;
	t.false(isSameWithout);
});

test("a key of a later version is refused where nobody could format it again", (t) => {
	const nested = (levels: number) => JSON.parse(`${"[".repeat(levels)}${"]".repeat(levels)}`);
	t.deepEqual(checkTimeline({ ...sampleTimeline, more: nested(29) }), { ...sampleTimeline, more: nested(29) } as never);
	const refused = "it is no timeline of hotplugd: objects and lists lie too deep in each other";
	for (const levels of [30, 5000]) t.is(checkTimeline({ ...sampleTimeline, more: nested(levels) }), refused);
});
