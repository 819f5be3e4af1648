// `hotplugd explain` on a real kernel: why a module is not loaded, or loaded and of no use, one prepared reason after the other.
// Each state is shown first by other means than ours.
import type { ExecutionContext } from "ava";
import { sectionsOf, textsOf } from "../support/project/sections.js";
import { type Case, cases } from "../support/vm/explain-cases.js";
import { changes } from "../support/vm/explain-changes.js";
import { older, preparation, preparedMachine } from "../support/vm/explain-machine.js";
import { kernelPackage } from "../support/vm/images/kernel-package.js";
import { boot } from "../support/vm/vm.js";
import { vmTest } from "../support/vm/vm-test.js";

const standing = Object.entries(cases);
const changing = Object.entries(changes);
const statuses = [...new Set(standing.map(([, { status }]) => status))];

/** Reading the indexes takes most of a call, so that the subjects with one exit status are asked about in one. */
const subjectsWith = (wanted: number) => standing.filter(([, { status }]) => status === wanted).map(subjectOf);
const subjectOf = ([, { subject }]: readonly [string, Case]) => subject;

const show = ([name, { premise }]: readonly [string, Case]) => `echo "== premise: ${name}"; { ${premise}; } 2>&1`;
const ask = (name: string, words: string) => `echo "== ${name}"; hotplugd explain ${words}; echo "[$?]"`;

const script = [
	preparation,
	...standing.map(show),
	...statuses.map((status) => ask(`text: ${status}`, subjectsWith(status).join(" "))),
	ask("json", `--json ${standing.map(subjectOf).join(" ")}`),
	...changing.flatMap(([name, one]) => [one.change, show([name, one]), ask(`json: ${name}`, `--json ${one.subject}`)]),
].join("\n");

/** Lines, and behind them the exit status. */
function answerOf(lines: readonly string[] = []): { readonly lines: readonly string[]; readonly status: number } {
	return { lines: lines.slice(0, -1), status: Number(/^\[(\d+)\]$/.exec(lines.at(-1) ?? "")?.[1]) };
}

/** The answer about each subject: its first line, and the lines of its chain, which are indented. */
function answersIn(lines: readonly string[]): readonly { readonly first: string; readonly chain: number }[] {
	const starts = lines.flatMap((line, index) => (line.startsWith(" ") ? [] : [index]));
	return starts.map((start, index) => ({
		first: lines[start]!,
		chain: (starts[index + 1] ?? lines.length) - start - 1,
	}));
}

vmTest("explain names cause and place of whatever keeps a module or a driver away", async (t) => {
	const { release } = await kernelPackage();
	const { stdout, stderr, status } = await boot({ ...(await preparedMachine()), script, seconds: 900 });
	const output = stdout.toString().replaceAll(release, "RELEASE").replaceAll(older(release), "OLDER");
	const sections = sectionsOf(output);
	t.is(status, 0);
	t.is(stderr.toString(), "");
	t.true(standing.length >= 16);
	for (const [name, one] of [...standing, ...changing])
		t.deepEqual(linesOf(textsOf(output)[`premise: ${name}`]), one.shows, `premise of ${name}`);

	const wrong: string[] = [];
	const all = answerOf(sections.json);
	t.is(all.status, Math.max(...statuses), "the status is that of the worst subject");
	t.is(all.lines.length, standing.length);
	for (const status of statuses) {
		const text = answerOf(sections[`text: ${status}`]);
		const answers = answersIn(text.lines);
		const asked = standing.filter(([, one]) => one.status === status);
		if (text.status !== status) wrong.push(`the status of all subjects with ${status}: ${text.status}`);
		t.is(answers.length, asked.length);
		for (const [index, [name, one]] of asked.entries()) {
			const record = JSON.parse(all.lines[standing.findIndex(([other]) => other === name)]!);
			t.is(record.answer, answers[index]!.first);
			t.true(answers[index]!.chain > 0, `${name}: there is no chain`);
			wrong.push(...listWrong(t, name, one, record));
		}
	}
	for (const [name, one] of changing) {
		const { lines, status } = answerOf(sections[`json: ${name}`]);
		t.is(lines.length, 1);
		t.is(status, JSON.parse(lines[0]!).status, name);
		wrong.push(...listWrong(t, name, one, JSON.parse(lines[0]!)));
	}
	t.deepEqual(wrong, []);
});

const linesOf = (text = "") =>
	text
		.trimEnd()
		.split("\n")
		.map((line) => line.trimEnd());

/**
 * What is not as expected, a line for each of the cases and not the first of them alone.
 * @param record of --json
 */
function listWrong(t: ExecutionContext, name: string, one: Case, record: JsonRecord): readonly string[] {
	const { answer, status, judgement } = record;
	t.log(`${status} ${answer}`);
	return [
		...(one.line.test(answer) ? [] : [`${name}: ${answer}`]),
		...(status === one.status ? [] : [`${name}: status ${status} for ${one.status}`]),
		...(contains(judgement, one.judgement) ? [] : [`${name}: ${JSON.stringify(judgement)}`]),
	];
}

type JsonRecord = { readonly answer: string; readonly status: number; readonly judgement: unknown };

/** Whether a value is this part, or has all its fields. */
function contains(value: unknown, part: unknown): boolean {
	if (typeof part !== "object" || part === null) return value === part;
	return (
		typeof value === "object" &&
		value !== null &&
		Object.entries(part).every(([key, field]) => contains((value as Record<string, unknown>)[key], field))
	);
}
