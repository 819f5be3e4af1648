// The report at the end of `npm test`: the time of each stage, and whether the total is within the budget.
import type { Span, SpanKind } from "./spans.js";

export interface Stage {
	readonly name: string;
	readonly seconds: number;
	/** The exit status of the stage. */
	readonly status: number;
}

export interface Budget {
	/** Minutes that the suite may take when all images exist. */
	readonly minutes: number;
	/** Further minutes that the making of images may take. */
	readonly making: number;
}

const SLOWEST = 10;
/** Images that took less time are reported together, as one line. */
const SHORT_SECONDS = 1;

/** @param stages the stages that ran, in order; only the last one may have failed */
export function formatReport(stages: readonly Stage[], spans: readonly Span[], budget: Budget): readonly string[] {
	const total = sum(stages);
	return [
		`Where the time went, ${inMinutes(total)} in all:`,
		...stages.map((stage) => line(stage, stage.status === 0 ? stage.name : `${stage.name}: failed (${stage.status})`)),
		...formatCount(spans, "boot", "virtual machines were booted"),
		...formatCount(spans, "restore", "frozen machines were restored"),
		...formatCount(spans, "freeze", "machines were frozen"),
		...formatImages(of(spans, "asset")),
		...formatTests(of(spans, "test")),
		formatVerdict(total, stages.at(-1), secondsMaking(spans), budget),
	];
}

const of = (spans: readonly Span[], kind: SpanKind) => spans.filter((span) => span.kind === kind);
const sum = (all: readonly { readonly seconds: number }[]) => all.reduce((total, { seconds }) => total + seconds, 0);
const slowestFirst = (spans: readonly Span[]) => spans.toSorted((one, other) => other.seconds - one.seconds);

/** No line may begin with a number of tests, since CI counts such lines. */
function line({ seconds }: { readonly seconds: number }, what: string): string {
	return `${seconds.toFixed(1).padStart(9)} s  ${what.replace(/\s+/g, " ")}`;
}

function formatCount(spans: readonly Span[], kind: SpanKind, what: string): string[] {
	const all = of(spans, kind);
	return [line({ seconds: sum(all) }, `${what}: ${all.length}`)];
}

function formatImages(images: readonly Span[]): string[] {
	const long = images.filter(({ seconds }) => seconds >= SHORT_SECONDS);
	const short = images.filter(({ seconds }) => seconds < SHORT_SECONDS);
	return [
		`Images made: ${images.length}`,
		...slowestFirst(long).map((image) => line(image, image.name)),
		...(short.length === 0 ? [] : [line({ seconds: sum(short) }, `${short.length} that took less than a second each`)]),
	];
}

function formatTests(tests: readonly Span[]): string[] {
	const slowest = slowestFirst(tests).slice(0, SLOWEST);
	return [`The slowest of ${tests.length} tests:`, ...slowest.map((test) => line(test, test.name))];
}

/** Seconds in which at least one asset was being made. Spans may overlap and contain each other. */
function secondsMaking(spans: readonly Span[]): number {
	const made = spans
		.filter(({ kind }) => kind === "asset" || kind === "freeze")
		.map(({ ended, seconds }) => ({ begun: ended - seconds, ended }))
		.toSorted((one, other) => one.begun - other.begun);
	let [seconds, until] = [0, Number.NEGATIVE_INFINITY];
	for (const { begun, ended } of made) {
		seconds += Math.max(0, ended - Math.max(begun, until));
		until = Math.max(until, ended);
	}
	return seconds;
}

function formatVerdict(totalSeconds: number, last: Stage | undefined, makingSeconds: number, budget: Budget): string {
	const allowedSeconds = 60 * budget.minutes + Math.min(makingSeconds, 60 * budget.making);
	const most = `${inMinutes(allowedSeconds)}${makingSeconds === 0 ? "" : `, of which ${inMinutes(allowedSeconds - 60 * budget.minutes)} for making images`}`;
	if (last === undefined || last.status !== 0) return `The budget of ${most}: not told, since not all of it ran.`;
	if (totalSeconds <= allowedSeconds)
		return `The budget of ${most}: kept, with ${inMinutes(allowedSeconds - totalSeconds)} to spare.`;
	return `The budget of ${most}: not kept, by ${inMinutes(totalSeconds - allowedSeconds)}.`;
}

function inMinutes(seconds: number): string {
	const whole = Math.round(seconds);
	return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
