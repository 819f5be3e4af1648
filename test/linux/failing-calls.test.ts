// Each system call that the agent makes at run time fails in each way that its man page names, one at a time, at the place where
// node or koffi is asked for it. The agent goes on, or it ends with one sentence and its status; nothing is half written. What is
// called is noted first: a call that nobody has entered fails the test, and so does a row that no call meets.
// HOTPLUGD_SWEEP=all has each errno at each place, in place of each errno of a call and each place of it by turns.
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import test from "ava";
import { runSession } from "../support/running/network-namespace.js";
import { elsewhere, manPages } from "../support/sweep/man-pages.js";
import { type SweepResult, sweepSession } from "../support/sweep/sweep-session.js";

/** Half of a life is waiting. */
const shares = Array.from({ length: 2 * availableParallelism() }, (_, share) => share);
const results: SweepResult[] = [];
const LONG = 600_000;

test.serial(
	"each call fails in each way once: the agent goes on, or ends with one sentence, and leaves nothing half written",
	async (t) => {
		const running = Promise.all(
			shares.map((share) => runSession(t, sweepSession, String(share), String(shares.length))),
		);
		// Twenty seconds of two processors; others may have them.
		t.timeout(LONG);
		const ended: SweepResult[] = await running;
		results.push(...ended);
		t.deepEqual(
			ended.flatMap(({ wrong }) => wrong),
			[],
		);
		t.deepEqual(
			ended.flatMap(({ unmet }) => unmet),
			[],
		);
		const sum = (of: (result: SweepResult) => number): number => ended.reduce((all, result) => all + of(result), 0);
		t.true(sum(({ faults }) => faults) > 400);
		// Both kinds of end were seen.
		t.true(sum(({ wentOn }) => wentOn) > 200 && sum((result) => result.ended) > 20);
		t.log(`${sum(({ faults }) => faults)} faults, ${sum((result) => result.ended)} of which ended it`);
		for (const { milliseconds, longest } of ended)
			t.log(`${Math.round(milliseconds)} ms, the longest life ${longest[0]?.join(" ")}`);
	},
);

test.serial("every call that was made has its man page in the table, and every row of the table was met", (t) => {
	const made = new Set(results.flatMap(({ calls }) => calls.map(([call]) => call)));
	t.true(made.size > 30);
	t.deepEqual(
		[...made].filter((call) => manPages[call] === undefined),
		[],
	);
	t.deepEqual(
		Object.keys(manPages).filter((call) => !made.has(call)),
		[],
	);
	for (const [call, { errnos }] of Object.entries(manPages)) t.is(new Set(errnos).size, errnos.length, call);
});

/** What makes a system call, of node's: types, constants and what is only computed make none. */
const MODULES = /^import \{([^}]*)\} from "node:(?:fs|fs\/promises|net|child_process)";/gm;

test.serial(
	"every function of node's that src/linux imports was called by the agent, or belongs to another command",
	(t) => {
		const made = new Set(
			results.flatMap(({ calls }) => calls.map(([call, place]) => `${place.split(":")[0]} ${call}`)),
		);
		const imported = readdirSync("src/linux", { encoding: "utf8", recursive: true })
			.filter((name) => name.endsWith(".ts"))
			.flatMap((name) => {
				const file = `src/linux/${name.slice(0, -3)}`;
				const names = [...readFileSync(`${file}.ts`, "utf8").matchAll(MODULES)].flatMap(([, list = ""]) =>
					list.split(","),
				);
				const functions = names
					.map((word) => word.trim())
					.filter((word) => /^[a-z]+[A-Za-z]*$/.test(word) && word !== "constants");
				return functions.map((word) => `${file} ${word}`);
			});
		t.true(imported.length > 50);
		const isElsewhere = (one: string): boolean =>
			elsewhere.some(({ calls }) => calls.some((words) => one.startsWith(words)));
		t.deepEqual(
			imported.filter((one) => !made.has(one) && !isElsewhere(one)),
			[],
		);
		// No row is there for what the agent does call.
		for (const words of elsewhere.flatMap(({ calls }) => calls)) {
			t.true(
				imported.some((one) => one.startsWith(words)),
				`nothing imports ${words}`,
			);
			t.false(
				[...made].some((one) => one.startsWith(words)),
				`the agent calls ${words}`,
			);
		}
	},
);
