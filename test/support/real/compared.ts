// Macros for tests that compare one of our tools with the real one, run beside it on a made-up machine.
import test, { type ExecutionContext } from "ava";
import { differences } from "../../tools/kmod/differences.js";
import {
	type Call,
	LONG_RUNS_TIMEOUT_MILLISECONDS,
	type PretendMachine,
	type Run,
	runBoth,
} from "../fakes/pretend-machine.js";

/**
 * One call of a tool. Our result must equal the real one. If `differs` names a row of the table, our result must differ by
 * `ours`.
 */
export type Comparison = Call & {
	readonly differs?: string;
	readonly ours?: Partial<Run>;
	/** The lines that our tool prints on standard error in addition: the text, or a pattern for one line. */
	readonly added?: string | RegExp;
};

/** A line that Debian's libkmod prints with the place in its sources. */
const OF_LIBRARY = /^(?:libkmod: \w+ |\w+: \w+: |\w+: )\.\.\/libkmod\/.*\n/gm;

/**
 * Defines one test for all calls, since a namespace costs more than the calls. The calls must meet every row of the table for
 * the tool.
 */
export function compared(title: string, tool: string, machine: PretendMachine, calls: readonly Comparison[]): void {
	test(title, async (t) => {
		t.timeout(2 * LONG_RUNS_TIMEOUT_MILLISECONDS);
		const runs = await runBoth(machine, calls, LONG_RUNS_TIMEOUT_MILLISECONDS);
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
