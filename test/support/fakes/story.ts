// Stories of the pipeline in virtual time. A column is a millisecond. The machine's events and the agent's reactions share the
// columns. A device is named after the module it wants: b, b1 and b2 all ask for x:b.
//
//	socket    a socket that the agent opens: l it listens, # it fails, D a message is dropped, N a sequence number belongs to an
//	          event that the socket does not get, T a message is truncated, R a message is refused, any other letter is a drain,
//	          as `says` has it
//	walk      a walk of all devices: a letter is a slice, as `finds` has it, # the walk fails
//	insert a  an insertion that does not succeed at once: i inserted, n no device, f failed
//	rmmod     modules that a user removes
//	missed    devices may have been missed, although the socket reports no loss
//	stop      the agent is told to stop
//	clock     the wall clock is set: > an hour ahead, < an hour back
//	batches   numbers of the batches
//	begun     modules whose insertion begins
//	ended     modules whose outcome is reported, in capitals when the module is not live afterwards
//	told      L the socket listens, W the walk is complete, ! events were lost, R a message was refused, D deaf, B blind,
//	          S settled, | the end
//
// The blanks before a socket, a walk or an insertion say when the agent begins it; the test checks that. A line without a name
// continues the line above: it holds the second mark of a column.

import type { ExecutionContext } from "ava";
import { asyncScheduler, concat, EMPTY, map, mergeMap, type Observable, of, ReplaySubject, throwError } from "rxjs";
import { TestScheduler } from "rxjs/testing";
import type { Announcement } from "../../../src/agent/devices/devices.js";
import type { Insertions } from "../../../src/agent/pipeline/batch-insertion.js";
import { hotplug } from "../../../src/agent/pipeline/hotplug.js";
import type { Report } from "../../../src/agent/telling/report.js";
import { isUsable, type Outcome, type Result } from "../../../src/libkmod/insertion/outcome.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import type { Step } from "../../../src/libkmod/planning/plan-insertion.js";
import type { PresentDevice } from "../../../src/ports/devices.js";
import { makeWorld } from "../worlds/world.js";

export type Circumstances = {
	/** The agent ends when things are settled. */
	readonly coldplug?: boolean;
	/** The events of a drain, such as "add b" or "remove b"; "add" and the letter where absent. */
	readonly says?: Readonly<Record<string, readonly string[]>>;
	/** The devices of a slice; the device named like the letter where absent. */
	readonly finds?: Readonly<Record<string, readonly string[]>>;
	/** The live modules that the kernel lists; the inserted modules that were not removed when absent. */
	readonly listLive?: () => ReadonlySet<string>;
};

const expectedRows = ["batches", "begun", "ended", "told"] as const;
type ExpectedRow = (typeof expectedRows)[number];

const QUIET_MILLISECONDS = 5;
const PAUSE_MILLISECONDS = 5;
const HOUR_MILLISECONDS = 3_600_000;
/** The clock of RxJS's own scheduler. */
const wallClock = asyncScheduler.now;

const letters = ["a", "b", "c", "d", "e", "f"];
const knowledge = makeWorld({
	modules: Object.fromEntries(letters.map((letter) => [letter, []])),
	aliases: Object.fromEntries(letters.map((letter) => [`x:${letter}`, letter])),
});

/**
 * Plays the story and checks the agent's rows. Returns the order of the events, which shows more than the columns: events of
 * one column have an order, too.
 */
export function tell(t: ExecutionContext, script: string, circumstances: Circumstances = {}): readonly string[] {
	const { finds = {}, coldplug = false } = circumstances;
	const scheduler = new TestScheduler(() => undefined);
	const given = parseScript(script);
	const order: string[] = [];
	const rows = { batches: new Row(), begun: new Row(), ended: new Row(), told: new Row() };
	const told: Record<string, number> = {};
	scheduler.run(({ cold }) => {
		const now = (): number => scheduler.now();
		const diagram = (name: string): string => (given.get(name)?.[0] ?? "").replaceAll(" ", "-");
		/** Plays the next diagram of this name. */
		const play = (name: string): Observable<string> => {
			order.push(name);
			const place = told[name] ?? 0;
			told[name] = place + 1;
			const line = given.get(name)?.[place];
			if (line === undefined) t.fail(`a ${name} of which the story does not tell begins in column ${now()}`);
			else t.is(line.search(/\S/), now(), `column of ${name} number ${place + 1}`);
			return asItComes(line?.trim() ?? "", (marbles) => cold(marbles, undefined, refusal(name)));
		};
		let aheadMilliseconds = 0;
		cold(diagram("clock")).subscribe((sign) => {
			aheadMilliseconds += sign === ">" ? HOUR_MILLISECONDS : -HOUR_MILLISECONDS;
		});
		asyncScheduler.now = () => now() + aheadMilliseconds;
		/** A later subscriber gets the stop, too. */
		const stop = new ReplaySubject<unknown>(1);
		cold(diagram("stop")).subscribe(stop);
		const live = new Set<string>();
		cold(diagram("rmmod")).subscribe((module) => live.delete(module));
		const hearing = makeHearing(circumstances);
		const inserter = makeInsertions(live, (module) => {
			rows.begun.mark(now(), module);
			const name = `insert ${module}`;
			return given.has(name) ? play(name) : cold("i");
		});
		const reports = hotplug({
			devices: {
				get announced() {
					return play("socket").pipe(mergeMap(hearing));
				},
				present: () => play("walk").pipe(map((slice) => (finds[slice] ?? [slice]).map(deviceNamed))),
			},
			knowledge: () => knowledge,
			inserter,
			listLive: circumstances.listLive ?? (() => live),
			quietMilliseconds: QUIET_MILLISECONDS,
			pauseMilliseconds: PAUSE_MILLISECONDS,
			missed: cold(diagram("missed")),
			stop,
			endWhenSettled: coldplug,
			scheduler: { now, schedule: asyncScheduler.schedule.bind(asyncScheduler) },
		});
		reports.subscribe({
			next(report) {
				if (report.kind === "heard" || report.kind === "hung" || report.kind === "stuck") return;
				const { row, mark } = marked(report);
				order.push(row === "ended" ? `ended ${mark}` : report.kind);
				rows[row].mark(now(), mark);
			},
			error: () => rows.told.mark(now(), "#"),
			complete: () => rows.told.mark(now(), "|"),
		});
	});
	asyncScheduler.now = wallClock;
	for (const [name, lines] of given)
		if (/socket|walk|insert/.test(name)) t.is(told[name], lines.length, `how many times ${name} began`);
	const row = (name: ExpectedRow, lines: readonly string[]) => lines.map((line) => `${name.padEnd(9)} ${line}`);
	t.deepEqual(
		expectedRows.flatMap((name) => row(name, rows[name].lines())),
		expectedRows.flatMap((name) => row(name, given.get(name) ?? [])),
	);
	return order;
}

/** The lines of each name. */
function parseScript(script: string): Map<string, string[]> {
	const rows = new Map<string, string[]>();
	let last = "";
	for (const line of script.split("\n").map((text) => text.replace(/^\t+/, "").trimEnd())) {
		if (line === "") continue;
		last = line.slice(0, 9).trim() || last;
		rows.set(last, [...(rows.get(last) ?? []), line.slice(10)]);
	}
	return rows;
}

/** A row of marks by column. A mark in a column that is taken goes to the next line. */
class Row {
	readonly #lines: string[][] = [];

	mark(column: number, mark: string): void {
		const free = this.#lines.find((marks) => marks[column] === undefined);
		if (free === undefined) this.#lines.push([]);
		(free ?? this.#lines.at(-1))![column] = mark;
	}

	lines(): string[] {
		return this.#lines.map((marks) => Array.from(marks, (mark) => mark ?? " ").join(""));
	}
}

/**
 * Plays a socket's diagram. An `l` or `#` at the start is emitted while the caller subscribes: opening a socket is synchronous.
 */
function asItComes(diagram: string, cold: (marbles: string) => Observable<string>): Observable<string> {
	if (diagram.startsWith("#")) return cold("#").pipe((later) => concat(throwNow(), later));
	return diagram.startsWith("l") ? concat(of("l"), cold(`-${diagram.slice(1)}`)) : cold(diagram);
}

const throwNow = (): Observable<never> => throwError(() => refusal("socket"));

const refusal = (what: string): Refusal =>
	new Refusal({ operation: "begin", subject: what, code: "EMFILE", errno: 24 });

/**
 * Maps a letter of a socket's diagram to announcements. Events are numbered as the kernel numbers them: dropped events and
 * those of other network namespaces take a number, too.
 */
function makeHearing({ says = {} }: Circumstances): (letter: string) => Observable<Announcement> {
	let number = 0;
	let drops = 0;
	let truncated = 0;
	return (letter) => {
		if (letter === "l") return of({ kind: "listening", receiveBuffer: 4096, drops: () => drops, waiting: () => 0 });
		if (letter === "R") return of({ kind: "refused", count: 1 });
		if (letter === "T") return of({ kind: "truncated", count: ++truncated });
		if (letter === "D") drops++;
		if (letter === "D" || letter === "N") {
			number++;
			return EMPTY;
		}
		const datagrams = (says[letter] ?? [`add ${letter}`]).map((words) => {
			const [action = "", device = ""] = words.split(" ");
			return formatUevent(action, deviceNamed(device), ++number);
		});
		return of({ kind: "drain", datagrams });
	};
}

function deviceNamed(name: string): PresentDevice {
	return { devpath: `/devices/${name}`, aliases: [`x:${name.replace(/\d+$/, "")}`] };
}

function formatUevent(action: string, { devpath, aliases: [alias] }: PresentDevice, number: number): Buffer {
	const fields = [`ACTION=${action}`, `DEVPATH=${devpath}`, `MODALIAS=${alias}`, `SEQNUM=${number}`];
	return Buffer.from(`${action}@${devpath}\0${fields.map((field) => `${field}\0`).join("")}`);
}

const results: Readonly<Record<string, Result>> = { i: "inserted", n: "no device", f: "failed" };

function makeInsertions(live: Set<string>, begin: (module: string) => Observable<string>): Insertions {
	const flights = new Map<string, Observable<Outcome>>();
	function fly(step: Step): Observable<Outcome> {
		const flight = new ReplaySubject<Outcome>(1);
		flights.set(step.module, flight);
		begin(step.module).subscribe((letter) => {
			flights.delete(step.module);
			if (letter === "i") live.add(step.module);
			flight.next({ step, result: results[letter] ?? "failed", milliseconds: 0 });
			flight.complete();
		});
		return flight;
	}
	return {
		busy: () => flights.size,
		carryOut: (plan) =>
			plan.map((step) => {
				const flight = flights.get(step.module);
				return flight ? { outcome: flight, joined: true } : { outcome: fly(step), joined: false };
			}),
	};
}

function marked(report: Marked): { row: ExpectedRow; mark: string } {
	if (report.kind === "batch") return { row: "batches", mark: String(report.batch.number % 10) };
	if (report.kind !== "outcome") return { row: "told", mark: marks[report.kind] };
	const { module } = report.outcome.step;
	return { row: "ended", mark: isUsable(report.outcome) ? module : module.toUpperCase() };
}

type Marked = Exclude<Report, { readonly kind: "heard" | "hung" | "stuck" }>;

const marks: Readonly<Record<Exclude<Marked["kind"], "batch" | "outcome">, string>> = {
	listening: "L",
	walked: "W",
	lost: "!",
	refused: "R",
	deaf: "D",
	blind: "B",
	skipped: "-",
	settled: "S",
};
