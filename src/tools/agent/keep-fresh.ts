// Reads the agent's indexes, configuration and policy, and tells the agent to reload when one of the files that were read has
// changed, or when files that could not be read before may be readable now.

import { traceReads } from "../../agent/settings/read-trace.js";
import { type StalenessWatch, watchStaleness } from "../../agent/settings/staleness.js";
import type { Journal } from "../../agent/telling/journal.js";
import type { Files, Kernel, Problem } from "../../libkmod/kernel/kernel.js";
import { markOf } from "../../libkmod/kernel/presence.js";
import { indexNames } from "../../libkmod/knowledge/indexes.js";
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import { readWhatThereIs } from "./agent-start.js";
import type { Serving } from "./serving.js";
import { formatProblem } from "./start-failure.js";

/**
 * Debounce, in milliseconds: depmod writes its files one after the other, so a reload waits until none has changed for this time.
 */
const RELOAD_QUIET_MILLISECONDS = 1000;
/** Milliseconds between two polls of the files. Polling is needed besides inotify, since not every directory can be watched. */
const RELOAD_POLL_MILLISECONDS = 30_000;
/**
 * Milliseconds between two polls for indexes that are absent. A mount causes no inotify event, and devices wait for the indexes.
 */
const MOUNT_POLL_MILLISECONDS = 2000;

/**
 * Opens the reader of indexes, configuration and policy. `begin()` starts watching the files that `read()` read; `end()` stops
 * it.
 */
export async function keepFresh({ given, machine, ports, kernel, settings, source, journal }: Serving) {
	const place = { source, rulesDirectory: machine.rulesDirectory };
	let onStale: () => void = () => undefined;
	let freshness: StalenessWatch | undefined;
	let latest = traceReads(kernel);
	let endWait: () => void = () => undefined;
	const watch = await ports.watchDirectories({
		onHint: () => freshness?.hint(),
		onProblem: ({ message }) =>
			journal.warn({}, `could not watch for changes, so the files are polled instead: ${message}`),
	});
	const tellProblems = makeProblemTeller(journal);

	return {
		async read() {
			const trace = traceReads(kernel);
			const known = await readWhatThereIs({ ...kernel, ...trace.files }, given, settings, place);
			latest = trace;
			freshness?.follow(trace);
			endWait();
			endWait = awaitIndexes(kernel, known.knowledge, { hint: () => freshness?.hint(), readAgain: () => onStale() });
			tellProblems(known.knowledge.problems);
			return known;
		},
		begin(listener: () => void) {
			onStale = listener;
			freshness = watchStaleness({
				watch,
				quietMilliseconds: RELOAD_QUIET_MILLISECONDS,
				pollMilliseconds: RELOAD_POLL_MILLISECONDS,
				onStale: () => onStale(),
				onProblem: ({ message }) => journal.error({}, `could not check the files for changes: ${message}`),
			});
			freshness.follow(latest);
		},
		end() {
			endWait();
			if (freshness === undefined) watch.close();
			else freshness.close();
		},
	};
}

/** Returns a function that logs problems, without those that it was given the time before. */
function makeProblemTeller(journal: Pick<Journal, "warn">): (problems: readonly Problem[]) => void {
	let told: ReadonlySet<string> = new Set();
	return (problems) => {
		const texts = new Map(problems.map((problem) => [formatProblem(problem), problem] as const));
		for (const [text, problem] of texts) if (!told.has(text)) journal.warn({ ...problem }, text);
		told = new Set(texts.keys());
	};
}

type Awaiting = {
	/** Called when the indexes may be there now. */
	readonly hint: () => void;
	/** Called when a refused read is to be tried again. */
	readonly readAgain: () => void;
};

/** Waits for indexes that are lacking. @returns a function that ends the wait */
function awaitIndexes(
	kernel: Kernel,
	{ moduleDirectory, lacking }: Knowledge,
	{ hint, readAgain }: Awaiting,
): () => void {
	if (lacking === undefined || lacking.kind === "impossible") return () => undefined;
	const endPoll = pollStamp(kernel, `${moduleDirectory}/${indexNames.dependencies}`, hint);
	// A refused read may succeed later although no file has changed, so a timer has the agent read again.
	const again = lacking.kind === "refused" ? setTimeout(readAgain, RELOAD_POLL_MILLISECONDS).unref() : undefined;
	return () => {
		endPoll();
		clearTimeout(again);
	};
}

/** Polls the stamp of one file, which is cheap. @returns a function that ends the polling */
function pollStamp(files: Pick<Files, "stamp">, path: string, onChange: () => void): () => void {
	let seen = markOf(files, path);
	const poll = setInterval(() => {
		const now = markOf(files, path);
		if (now !== seen) onChange();
		seen = now;
	}, MOUNT_POLL_MILLISECONDS).unref();
	return () => clearInterval(poll);
}
