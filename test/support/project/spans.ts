// Spans: what the suite spends its time on, for the report at the end of `npm test`. Where HOTPLUGD_TIMES names a file, whoever
// spends time appends one line of JSON to it for each span; elsewhere nothing is kept. scripts/stages.mjs reads them.
import { appendFileSync } from "node:fs";

/** A boot of a machine; a restore of a frozen one; the freezing of one; the making of an asset (an image); a test. */
export type SpanKind = "boot" | "restore" | "freeze" | "asset" | "test";

export interface Span {
	readonly kind: SpanKind;
	/** What was booted or made; of a test its file and title. */
	readonly name: string;
	readonly seconds: number;
	/** When it was over, in seconds of CLOCK_MONOTONIC, which all processes share. */
	readonly ended: number;
}

/** Says what has taken so many seconds until now. */
export function recordSpan(kind: SpanKind, name: string, seconds: number): void {
	const path = process.env.HOTPLUGD_TIMES;
	if (path === undefined) return;
	const span: Span = { kind, name, seconds, ended: Number(process.hrtime.bigint()) / 1e9 };
	try {
		// One write at the end of the file: the lines of several processes do not mix.
		appendFileSync(path, `${JSON.stringify(span)}\n`);
	} catch {
		// A report that lacks a line is no reason for a test to fail.
	}
}

/** Awaits some work, and records what it took if it succeeds. */
export async function spend<T>(kind: SpanKind, name: string, work: Promise<T>): Promise<T> {
	const begun = performance.now();
	const result = await work;
	recordSpan(kind, name, (performance.now() - begun) / 1000);
	return result;
}

/** Reads what was recorded. A line that a killed process left unfinished is passed over. */
export function parseSpans(text: string): readonly Span[] {
	return text.split("\n").flatMap((line) => {
		try {
			return [JSON.parse(line) as Span];
		} catch {
			return [];
		}
	});
}
