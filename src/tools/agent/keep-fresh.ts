// Reads what the agent knows, and tells when what was read last is no longer so, or may be read where it could not.

import { traceReads } from "../../agent/settings/read-trace.js";
import { type StalenessWatch, watchStaleness } from "../../agent/settings/staleness.js";
import type { Files, Problem } from "../../libkmod/kernel/kernel.js";
import { markOf } from "../../libkmod/kernel/presence.js";
import { indexNames } from "../../libkmod/knowledge/indexes.js";
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import { formatProblem, readWhatThereIs } from "./agent-start.js";
import type { Serving } from "./serving.js";

/** depmod writes its files one after the other: for so long none must have changed. */
const RELOAD_QUIET = 1000;
/** Between two looks where no hint came, since not everything can be watched. */
const RELOAD_POLL = 30_000;
/** Between two looks whether something was mounted where there was nothing: a mount gives no hint, and devices wait for it. */
const MOUNT_POLL = 2000;

/** Indexes, configuration and policy. */
export async function keepFresh({ given, machine, ports, kernel, settings, source, journal }: Serving) {
	const place = { source, rulesDirectory: machine.rulesDirectory };
	let onStale: () => void = () => undefined;
	let freshness: StalenessWatch | undefined;
	let latest = traceReads(kernel);
	let endWait: () => void = () => undefined;
	const watch = await ports.watchDirectories({
		onHint: () => freshness?.hint(),
		onProblem: ({ message }) => journal.warn({}, `looks for changes now and then only: ${message}`),
	});

	function waitFor({ moduleDirectory, lacking }: Knowledge): void {
		endWait();
		if (lacking === undefined || lacking.kind === "impossible") return;
		const endPoll = pollStamp(kernel, `${moduleDirectory}/${indexNames.dependencies}`, () => freshness?.hint());
		// The files may be as they were, and so tell nothing.
		const again = lacking.kind === "refused" ? setTimeout(() => onStale(), RELOAD_POLL).unref() : undefined;
		endWait = () => {
			endPoll();
			clearTimeout(again);
		};
	}

	/** What was said of the last that was read is not said again. */
	let told: ReadonlySet<string> = new Set();
	function tellProblems(problems: readonly Problem[]): void {
		const texts = new Map(problems.map((problem) => [formatProblem(problem), problem] as const));
		for (const [text, problem] of texts) if (!told.has(text)) journal.warn({ ...problem }, text);
		told = new Set(texts.keys());
	}

	return {
		async read() {
			const trace = traceReads(kernel);
			const known = await readWhatThereIs({ ...kernel, ...trace.files }, given, settings, place);
			latest = trace;
			freshness?.follow(trace);
			waitFor(known.knowledge);
			tellProblems(known.knowledge.problems);
			return known;
		},
		begin(listener: () => void) {
			onStale = listener;
			freshness = watchStaleness({
				watch,
				quietMilliseconds: RELOAD_QUIET,
				pollMilliseconds: RELOAD_POLL,
				onStale: () => onStale(),
				onProblem: ({ message }) => journal.error({}, `could not look for changes: ${message}`),
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

/** Looks at one file alone, which costs next to nothing. @returns what ends it */
function pollStamp(files: Pick<Files, "stamp">, path: string, onChange: () => void): () => void {
	let seen = markOf(files, path);
	const poll = setInterval(() => {
		const now = markOf(files, path);
		if (now !== seen) onChange();
		seen = now;
	}, MOUNT_POLL).unref();
	return () => clearInterval(poll);
}
