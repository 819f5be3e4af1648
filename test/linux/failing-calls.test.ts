// Each system call that the agent makes at run time fails in each way that its man page names, one at a time, at the place where
// the agent calls node or koffi. The agent either goes on, or ends with one sentence and its exit status; no file is left half
// written. A first run records the calls: a recorded call that the table lacks fails the test, and so does a row of the table
// that no call meets. HOTPLUGD_SWEEP=all tries each errno at each place; by default each errno of a call and each place of it is
// tried once, by turns.
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import test from "ava";
import { runSession } from "../support/running/network-namespace.js";
import { elsewhere, manPages } from "../support/sweep/man-pages.js";
import { type SweepResult, sweepSession } from "../support/sweep/sweep-session.js";

/** Two processes for each processor: a life of the agent waits for half of its time. */
const shares = Array.from({ length: 2 * availableParallelism() }, (_, share) => share);
const results: SweepResult[] = [];
const LONG_MILLISECONDS = 600_000;

test.serial(
	"each call fails in each way once: the agent goes on, or ends with one sentence, and leaves nothing half written",
	async (t) => {
		const running = Promise.all(
			shares.map((share) => runSession(t, sweepSession, String(share), String(shares.length))),
		);
		// The sweep takes twenty seconds on two idle processors.
		t.timeout(LONG_MILLISECONDS);
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
		// Faults of both kinds have occurred: the agent went on, and the agent ended.
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

/**
 * Imports from the modules of node whose functions make system calls; types, constants and pure functions among them make none.
 */
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
		// No row of `elsewhere` names a function that the agent calls.
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
