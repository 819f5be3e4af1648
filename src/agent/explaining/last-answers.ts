// What came of each module the last time it was tried: lines of the agent's log, or of `coldplug --json`. Pure.

import type { Source } from "../../libkmod/formats/modprobe-config.js";
import type { Result } from "../../libkmod/insertion/outcome.js";
import { bytesOf, textOf } from "../../libkmod/text/byte-strings.js";
import type { LastAnswer } from "./explanation.js";

export type LogRead = {
	/** By module: the last one. */
	readonly answers: ReadonlyMap<string, LastAnswer>;
	/** How many lines are no JSON object: cut off, or of another program. */
	readonly foreign: number;
};

const results: Readonly<Record<Result, true>> = {
	inserted: true,
	live: true,
	builtin: true,
	ran: true,
	masked: true,
	"no device": true,
	failed: true,
	missing: true,
	blocked: true,
	stopped: true,
};

const RESULTS: ReadonlySet<string> = new Set(Object.keys(results));

/** Modules of which an answer is kept: far more than a kernel has. A log that names more is hostile. */
const MOST_MODULES = 65_536;

/** Parses a log, one JSON object a line. Other records than outcomes count for nothing. @param text bytes */
export function parseAnswers(file: string, text: string): LogRead {
	const answers = new Map<string, LastAnswer>();
	let foreign = 0;
	let line = 0;
	for (let start = 0; start < text.length; ) {
		const newline = text.indexOf("\n", start);
		const end = newline < 0 ? text.length : newline;
		line++;
		const record = parseRecord(text.slice(start, end));
		if (record === undefined && end > start) foreign++;
		const answer = record && readAnswer(record, { file, line });
		if (answer !== undefined && (answers.has(answer.module) || answers.size < MOST_MODULES))
			answers.set(answer.module, answer);
		start = end + 1;
	}
	return { answers, foreign };
}

type Fields = Readonly<Record<string, unknown>>;

/** Undefined when the line is no JSON object. */
function parseRecord(line: string): Fields | undefined {
	try {
		const value: unknown = JSON.parse(textOf(line));
		return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
	} catch {
		return undefined;
	}
}

/** The record of an outcome: `coldplug --json` has its `explanation`, the agent's log has the module's name before it in `msg`. */
function readAnswer(record: Fields, source: Source): LastAnswer | undefined {
	const { kind = "outcome", module: named, result, errno, explanation, msg } = record;
	if (kind !== "outcome" || typeof named !== "string" || !isResult(result)) return undefined;
	const module = bytesOf(named);
	const told = typeof explanation === "string" ? explanation : typeof msg === "string" ? msg : result;
	const sentence = bytesOf(told);
	return {
		module,
		result,
		...(typeof errno === "string" && { errno: bytesOf(errno) }),
		explanation: sentence.startsWith(`${module}: `) ? sentence.slice(module.length + 2) : sentence,
		from: { kind: "log", source },
	};
}

export const isResult = (value: unknown): value is Result => typeof value === "string" && RESULTS.has(value);
