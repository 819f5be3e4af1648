// Holds our modprobe equal to the real one, run beside it on a made-up machine; what differs is in the table of differences.
import test, { type ExecutionContext } from "ava";
import { differences } from "../../tools/kmod/differences.js";
import {
	type ModprobeCall,
	type ModprobeMachine,
	type ModprobeRun,
	runBothModprobes,
} from "../fakes/modprobe-machine.js";

/** A call. Ours is to do as the real one does, but where a row of the table is named: then that, by what ours does. */
export type ModprobeComparison = ModprobeCall & {
	readonly differs?: string;
	readonly ours?: Partial<ModprobeRun>;
	/** The lines that only ours says, in a line of their own behind kmod's. */
	readonly notices?: readonly string[];
};

/** The rows of the table that some call of this process has met. */
const met = new Set<string>();

export function comparedModprobe(title: string, machine: ModprobeMachine, calls: readonly ModprobeComparison[]): void {
	test(title, async (t) => {
		const runs = await runBothModprobes(machine, calls);
		t.true(calls.length > 0);
		for (const [number, call] of calls.entries()) compare(t, call, runs[number]!.real, runs[number]!.ours);
	});
}

/** To be called behind all comparisons of a file that is to meet every row of the table for modprobe. */
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

/** From standard error and from syslog. */
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

/** Debian builds kmod to name the place in its sources, and what libkmod says of its own insides. */
export function withoutPlacesIn(text: string): string {
	return text
		.replaceAll(/^(?:modprobe: )?(?:INFO|DEBUG): \.\.\/libkmod\/.*\n/gm, "")
		.replaceAll(/^libkmod: (\w+) \.\.\/libkmod\/\S+ \w+: /gm, "libkmod: $1: ")
		.replaceAll(/(\w+: )\.\.\/libkmod\/\S+ \w+\(\) /g, "$1");
}
