// Compares our modprobe with the real one, run beside it on a made-up machine. Allowed differences are in the table of
// differences.
import test, { type ExecutionContext } from "ava";
import { differences } from "../../tools/kmod/differences.js";
import {
	type ModprobeCall,
	type ModprobeMachine,
	type ModprobeRun,
	runBothModprobes,
} from "../fakes/modprobe-machine.js";

/** One call. Our result must equal the real one. If `differs` names a row of the table, our result must differ by `ours`. */
export type ModprobeComparison = ModprobeCall & {
	readonly differs?: string;
	readonly ours?: Partial<ModprobeRun>;
	/** The lines that only our modprobe prints, each on a line of its own after kmod's. */
	readonly notices?: readonly string[];
};

/** The rows of the table that calls of this process have met. */
const met = new Set<string>();

export function comparedModprobe(title: string, machine: ModprobeMachine, calls: readonly ModprobeComparison[]): void {
	test(title, async (t) => {
		const runs = await runBothModprobes(machine, calls);
		t.true(calls.length > 0);
		for (const [number, call] of calls.entries()) compare(t, call, runs[number]!.real, runs[number]!.ours);
	});
}

/** Adds a test that every row of the table for modprobe was met. A file calls it after all of its comparisons. */
export function everyRowIsMet(): void {
	test.after("every row of the table that is modprobe's was met", (t) => {
		const rows = differences.filter(({ tool }) => tool === "modprobe").map(({ what }) => what);
		t.deepEqual(
			rows.filter((what) => !met.has(what)),
			[],
		);
	});
}

export function compare(t: ExecutionContext, call: ModprobeComparison, real: ModprobeRun, run: ModprobeRun): void {
	const name = `modprobe ${call.words.join(" ")}`;
	const { notices, ours } = takeNotices(run);
	t.deepEqual(notices, call.notices ?? [], name);
	const expected = withoutPlaces(real);
	if (call.differs === undefined) {
		t.deepEqual(ours, expected, name);
		return;
	}
	met.add(call.differs);
	t.true(
		differences.some(({ what }) => what === call.differs),
		`${name}: no row says that ${call.differs}`,
	);
	t.notDeepEqual(ours, expected, `${name} differs no longer`);
	t.deepEqual(ours, { ...expected, ...call.ours }, name);
}

/** Takes our notices out of standard error and of syslog. */
function takeNotices(run: ModprobeRun): { notices: string[]; ours: ModprobeRun } {
	const lines = run.stderr.split("\n");
	const [said, logged] = [/^modprobe: NOTICE: (.*)/, /^NOTICE: (.*)/];
	const logs = run.calls.map(({ text }) => String(text));
	const find = (texts: readonly string[], pattern: RegExp) => texts.flatMap((text) => pattern.exec(text)?.[1] ?? []);
	return {
		notices: [...find(lines, said), ...find(logs, logged)],
		ours: {
			...run,
			stderr: lines.filter((line) => !said.test(line)).join("\n"),
			calls: run.calls.filter((_, number) => !logged.test(logs[number]!)),
		},
	};
}

export function withoutPlaces(run: ModprobeRun): ModprobeRun {
	const calls = run.calls.map((call) =>
		"text" in call ? { ...call, text: withoutPlacesIn(String(call.text)) } : call,
	);
	return { ...run, stderr: withoutPlacesIn(run.stderr), calls };
}

/** Debian's build of kmod adds the place in its sources to messages, and prints messages about libkmod's internals. */
export function withoutPlacesIn(text: string): string {
	return text
		.replaceAll(/^(?:modprobe: )?(?:INFO|DEBUG): \.\.\/libkmod\/.*\n/gm, "")
		.replaceAll(/^libkmod: (\w+) \.\.\/libkmod\/\S+ \w+: /gm, "libkmod: $1: ")
		.replaceAll(/(\w+: )\.\.\/libkmod\/\S+ \w+\(\) /g, "$1");
}
