import test from "ava";
import type { Timeline } from "../../../src/agent/timeline/timeline.js";
import { formatBlame, formatCriticalChain, listBlame } from "../../../src/agent/timeline/timeline-text.js";
import { sampleTimeline } from "../../support/running/agent-timeline.js";

const HEADING = `A module's init began at the time after "@", and took the time after "+".\n\n`;
const utf8 = (bytes: string | undefined): string => Buffer.from(bytes ?? "", "latin1").toString();

test("blame lists what began, the longest init first, what runs with its time so far", (t) => {
	const blame = listBlame(sampleTimeline);
	t.is(
		formatBlame(blame),
		`3.099 s slow_probe (try 2, hangs)
 440 ms e1000e
 120 ms ptp
  40 ms snd_hda_intel (failed)
 3.5 ms e1000x (failed)
`,
	);
	const { why } = sampleTimeline.modules[1]!.cause;
	t.deepEqual(blame[1], {
		module: "e1000e",
		try: 1,
		milliseconds: 440,
		waited: 160,
		begun: 260,
		result: "inserted",
		hung: false,
		why,
	});
	t.is(formatBlame([]), "");
});

test("the critical chain is a tree of what was waited for, the latest first, each module once", (t) => {
	t.is(
		utf8(formatCriticalChain(sampleTimeline)),
		`${HEADING}e1000x @700 ms +3.5 ms (failed)
└─e1000e @260 ms +440 ms (rival)
  ├─a free permit, for 40 ms
  └─ptp @101 ms +120 ms (dependency)
`,
	);
	t.is(
		utf8(formatCriticalChain(sampleTimeline, "behind_it")),
		`${HEADING}behind_it (waits)\n└─slow_probe @901 ms +3.099 s (runs) (dependency)\n`,
	);
	t.is(formatCriticalChain(sampleTimeline, "unknown"), undefined);
	t.is(formatCriticalChain({ ...sampleTimeline, modules: [] }), undefined);
});

test("a module that two others waited for stands in the tree once, and branches that have nothing below them end", (t) => {
	const [base] = sampleTimeline.modules;
	const of = (module: string, begun: number, ended: number, ...needed: readonly string[]) => ({
		...base!,
		...{ module, wanted: 0, ready: begun, begun, ended, rivals: [] },
		waits: needed.map((name) => ({ kind: "dependency" as const, module: name, until: begun })),
	});
	const timeline: Timeline = {
		...sampleTimeline,
		marks: [],
		modules: [of("low", 0, 10), of("mid", 10, 20, "low"), of("top", 20, 30, "mid", "low")],
	};
	t.is(
		utf8(formatCriticalChain(timeline)),
		`${HEADING}top @20 ms +10 ms\n└─mid @10 ms +10 ms (dependency)\n  └─low @0 ms +10 ms (dependency)\n`,
	);
});

test("names move no cursor", (t) => {
	const modules = sampleTimeline.modules.map((one) => ({ ...one, module: `${one.module}\x1b[2J`, waits: [] }));
	const hostile = { ...sampleTimeline, modules };
	t.regex(formatBlame(listBlame(hostile)), /ptp\\x1b\[2J/);
	// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what must not be there.
	t.notRegex(formatBlame(listBlame(hostile)) + formatCriticalChain(hostile), /\x1b/);
});

test("a tree whose modules wait for many others without an entry of their own has no more lines than others", (t) => {
	const [first] = sampleTimeline.modules;
	const waits = Array.from({ length: 65 }, (_, number) => ({
		kind: "softdep" as const,
		module: `gone${number}`,
		until: 0,
	}));
	const modules = Array.from({ length: 500 }, (_, number) => ({
		...first!,
		...{ module: `m${number}`, wanted: 0, ready: 0, begun: number, ended: number + 1 },
		waits: [...waits, { kind: "dependency" as const, module: `m${number - 1}`, until: number }],
	}));
	const tree = formatCriticalChain({ ...sampleTimeline, modules, marks: [] }, "m499");
	t.true(tree!.split("\n").length < 1010);
});
