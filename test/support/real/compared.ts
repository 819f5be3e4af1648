// Macros for tests that hold a tool of ours equal to the real one, run beside it on a made-up machine.
import test, { type ExecutionContext } from "ava";
import { differences } from "../../tools/kmod/differences.js";
import { type Call, LONG, type PretendMachine, type Run, runBoth } from "../fakes/pretend-machine.js";

/** One call of a tool. Ours is to do as the real one does, but where it differs: then the row that says so, and what ours does. */
export type Comparison = Call & {
	readonly differs?: string;
	readonly ours?: Partial<Run>;
	/** What ours says on standard error beyond that: as it is, or a pattern for the one line. */
	readonly added?: string | RegExp;
};

/** A line that Debian's libkmod has written with the place in its sources. */
const OF_LIBRARY = /^(?:libkmod: \w+ |\w+: \w+: |\w+: )\.\.\/libkmod\/.*\n/gm;

/** One test for all calls, as a namespace costs more than they do. Every row of the table that is the tool's must be met. */
export function compared(title: string, tool: string, machine: PretendMachine, calls: readonly Comparison[]): void {
	test(title, async (t) => {
		t.timeout(2 * LONG);
		const runs = await runBoth(machine, calls, LONG);
		for (const [number, call] of calls.entries()) compare(t, call, runs[number]!.real, runs[number]!.ours);
		const met = new Set(calls.map(({ differs }) => differs));
		const own = differences.filter((row) => row.tool === tool).map(({ what }) => what);
		t.deepEqual(
			own.filter((what) => !met.has(what)),
			[],
			"rows of the table that no call has met",
		);
	});
}

function compare(t: ExecutionContext, { words, differs, ours, added }: Comparison, real: Run, run: Run): void {
	const name = words.map((word) => (word.length > 60 ? `${word.slice(0, 60)}...` : word)).join(" ");
	const expected = withoutLibraryLines(real);
	if (differs === undefined) {
		t.deepEqual(run, expected, name);
		return;
	}
	t.true(
		differences.some(({ what }) => what === differs),
		`${name}: no row says that ${differs}`,
	);
	t.notDeepEqual(run, expected, `${name} differs no longer`);
	const said = ours?.stderr ?? expected.stderr;
	if (added instanceof RegExp) t.regex(run.stderr.slice(said.length), new RegExp(`^${added.source}\n$`), name);
	const stderr = added instanceof RegExp ? run.stderr.slice(0, said.length) : run.stderr;
	t.deepEqual(
		{ ...run, stderr },
		{ ...expected, ...ours, stderr: said + (typeof added === "string" ? added : "") },
		name,
	);
}

export function withoutLibraryLinesIn(text: string): string {
	return text.replaceAll(OF_LIBRARY, "");
}

function withoutLibraryLines(run: Run): Run {
	return {
		...run,
		stderr: withoutLibraryLinesIn(run.stderr),
		calls: run.calls.filter(({ call, text }) => call !== "syslog" || !/^\w+: \.\.\/libkmod\//.test(String(text))),
	};
}
