// hotplugd run on a machine without usable indexes: the agent stays, says so once, and begins when the indexes come. The
// executable, with a stand-in for the kernel's module loader.
import test, { type ExecutionContext } from "ava";
import { faultNames, lateSession } from "../../support/programs/late-session.js";
import { runSession } from "../../support/running/network-namespace.js";

/** Six agents run at a time: the machine must have memory for all of them. */
const lanes: Promise<unknown>[] = Array(6).fill(Promise.resolve());
let begun = 0;

function suffer(t: ExecutionContext, name: string) {
	const lane = begun++ % lanes.length;
	const session = lanes[lane]!.then(() => runSession(t, lateSession, name));
	lanes[lane] = session.catch(() => undefined);
	return session;
}

const endedWell = { status: 0, signal: null, stderr: "" };

/** The agent's reason, by the name of the fault. */
const reasons: Readonly<Record<string, RegExp>> = {
	noLib: /has no modules\.dep\.bin/,
	noModules: /has no modules\.dep\.bin/,
	noRelease: /has no modules\.dep\.bin/,
	releaseIsFile: /has no modules\.dep\.bin/,
	releaseIsLink: /has no modules\.dep\.bin/,
	noIndexes: /has no modules\.dep\.bin/,
	noDependencies: /has no modules\.dep\.bin/,
	noAliases: /has no modules\.alias\.bin/,
	noBuiltins: /has no modules\.builtin\.bin/,
	emptyIndex: /modules\.dep\.bin/,
	halfHeader: /modules\.alias\.bin/,
	otherMagic: /modules\.alias\.bin/,
	otherVersion: /modules\.alias\.bin/,
	indexIsDirectory: /could not read .*modules\.alias\.bin: EISDIR/,
	indexIsCircle: /could not read .*modules\.alias\.bin: ELOOP/,
	closedIndex: /could not read .*modules\.dep\.bin: EACCES/,
	closedDirectory: /could not read .*modules\.dep\.bin: EACCES/,
	notMounted: /has no modules\.dep\.bin/,
	slowly: /has no modules\.dep\.bin/,
};

test("every way of having nothing to look in is tried", (t) => {
	t.deepEqual(Object.keys(reasons), faultNames);
});

const waits = test.macro({
	async exec(t, name: string) {
		const { why, before, after, ended } = await suffer(t, name);
		const reason = reasons[name]!;
		t.regex(why, reason);
		const { settled, load, status, ...rest } = before;
		t.like(settled, { ok: true, settled: true, waiting_for: [] });
		t.regex(settled.note, reason);
		t.like(load, { ok: true, result: "refused" });
		t.regex(load.explanation, reason);
		t.like(status, { unknown: 0, generation: 0 });
		t.regex(status.missing, reason);
		t.deepEqual(rest, {
			site: "refused",
			answers: ["2", "2"],
			soon: true,
			metrics: { missing: 1, generation: 0 },
			marked: false,
			// A directory that may not be read cannot be watched either, which is a second message.
			told: name === "closedDirectory" ? 2 : 1,
			inserted: [],
		});
		t.deepEqual(after.settled, { ok: true, settled: true, waiting_for: [] });
		t.like(after, { load: { ok: true, result: "done" }, site: "done", answers: ["0", "0"], marked: true });
		t.deepEqual(after.metrics.missing, 0);
		t.true(after.metrics.generation >= 1);
		t.is(after.status.missing, undefined);
		t.deepEqual(after.inserted.toSorted(), ["bus", "disk", "later"]);
		t.deepEqual(ended, endedWell);
	},
	title: (_, name) => `it stays, idle and saying so once, until there is something to look in: ${name}`,
});

for (const name of faultNames) test(waits, name);

test("indexes that are gone leave what was known, and when they are back as they were, it looks at all devices again", async (t) => {
	const { gone, told, back, ended } = await suffer(t, "removed");
	t.is(told.length, 1);
	t.regex(told[0], /the earlier indexes and configuration still count: .*has no modules\.dep\.bin/);
	t.like(gone, { status: { generation: 1 }, metrics: { missing: 1, generation: 1 }, marked: true });
	t.regex(gone.status.missing, /has no modules\.dep\.bin/);
	t.is(back.status.missing, undefined);
	t.is(back.metrics.missing, 0);
	t.deepEqual(ended, endedWell);
});

test("files of the tree that become links to themselves are told once each, what was known counts meanwhile, and they are read when they are mended", async (t) => {
	const { load, told, missing, ended } = await suffer(t, "circled");
	t.like(load, { ok: true, result: "done" });
	t.is(told.length, 2, told.join("\n"));
	t.regex(told[0], /the earlier indexes and configuration still count: could not read .*modules\.alias\.bin: ELOOP/);
	t.regex(told[1], /modules\.softdep: cannot be read \(ELOOP\), so nothing in it counts/);
	t.is(missing, undefined);
	t.deepEqual(ended, endedWell);
});

test("settle, asked once the indexes are there, waits for the drivers though nobody has noticed yet", async (t) => {
	const { settled, inserted, ended } = await suffer(t, "settledAfter");
	t.deepEqual(settled, { ok: true, settled: true, waiting_for: [] });
	t.deepEqual(inserted, ["bus", "disk"]);
	t.deepEqual(ended, endedWell);
});

test("on a kernel without modules it stays, begins nothing and says so once", async (t) => {
	const { why, settled, load, status, metrics, ended, ...rest } = await suffer(t, "withoutModules");
	const reason = /this kernel cannot load modules/;
	for (const text of [why, settled.note, load.explanation, status.missing]) t.regex(text, reason);
	t.true(settled.settled);
	t.is(metrics.missing, 1);
	t.deepEqual(rest, {
		site: "refused",
		answers: ["2", "2"],
		soon: true,
		marked: false,
		told: 1,
		questions: 1,
		inserted: [],
	});
	t.deepEqual(ended, endedWell);
});

test("what waits in the spool is taken when it can be looked up", async (t) => {
	t.deepEqual(await suffer(t, "spooled"), { kept: true, ended: endedWell });
});

test("a reload that finds nothing says what there is not", async (t) => {
	const { reload, ended } = await suffer(t, "truncated");
	t.regex(reload, /^there are still no usable indexes: .*modules\.alias\.bin/);
	t.deepEqual(ended, endedWell);
});
