// Spans of time that the suite spends, for the report at the end of `npm test`. When HOTPLUGD_TIMES names a file, a line of
// JSON is appended to it for each span; otherwise nothing is kept. scripts/stages.mjs reads the file.
import { appendFileSync } from "node:fs";

/** A boot of a machine; a restore of a frozen machine; the freezing of a machine; the making of an asset (an image); a test. */
export type SpanKind = "boot" | "restore" | "freeze" | "asset" | "test";

export interface Span {
	readonly kind: SpanKind;
	/** The name of the machine or asset; for a test its file and title. */
	readonly name: string;
	readonly seconds: number;
	/** The time of the end, in seconds of CLOCK_MONOTONIC, which all processes share. */
	readonly ended: number;
}

/** Records a span that ends now. */
export function recordSpan(kind: SpanKind, name: string, seconds: number): void {
	const path = process.env.HOTPLUGD_TIMES;
	if (path === undefined) return;
	const span: Span = { kind, name, seconds, ended: Number(process.hrtime.bigint()) / 1e9 };
	try {
		// A single write in append mode: the lines of several processes do not mix.
		appendFileSync(path, `${JSON.stringify(span)}\n`);
	} catch {
		// A missing line of the report must not fail a test.
	}
}

/** Awaits some work and records its span if it succeeds. */
export async function spend<T>(kind: SpanKind, name: string, work: Promise<T>): Promise<T> {
	const begun = performance.now();
	const result = await work;
	recordSpan(kind, name, (performance.now() - begun) / 1000);
	return result;
}

/** Parses the recorded spans. A line that a killed process left incomplete is skipped. */
export function parseSpans(text: string): readonly Span[] {
	return text.split("\n").flatMap((line) => {
		try {
			return [JSON.parse(line) as Span];
		} catch {
			return [];
		}
	});
}
