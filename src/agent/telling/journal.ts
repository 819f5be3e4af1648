// The agent's log: JSON lines by pino, one for each outcome, on standard output where a service manager reads them.

import pino from "pino";
import QuickLRU from "quick-lru";
import { formatSource } from "../../libkmod/formats/modprobe-config.js";
import type { Outcome } from "../../libkmod/insertion/outcome.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { asUtf8Json } from "../../libkmod/text/byte-strings.js";
import type { CommandReport } from "../commands/command-pool.js";
import type { Batch } from "../decisions/batch.js";
import { isFailure } from "./exit-status.js";
import { explainDecision, explainOutcome, explainSkipped } from "./explain.js";
import type { FieldsOf, LogFields, LoggedCommand, LoggedOutcome } from "./log-record.js";
import type { Report } from "./report.js";

export type Journal = {
	record(report: Report): void;
	/** Logs that a command of policy has ended, or was not begun. */
	command(report: CommandReport): void;
	info(fields: LogFields, message: string): void;
	warn(fields: LogFields, message: string): void;
	error(fields: LogFields, message: string): void;
};

/** `write` gets whole lines, one character a byte. */
export function openJournal(level: string, write: (line: string) => void): Journal {
	const log: Log = pino(
		{ level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime },
		{ write: (line: string) => write(asUtf8Json(line)) },
	);
	/** Sentences about skipped parts that were logged: each is logged once, although every look at all devices finds it again. */
	const told = new QuickLRU<string, true>({ maxSize: LEAST_TOLD });
	return {
		record(report) {
			if (report.kind !== "skipped") return recordReport(log, report);
			const fields = { what: report.what, reason: report.error.message };
			const message = explainSkipped(report);
			if (told.has(message)) return log.debug(fields, message);
			told.set(message, true);
			log.error(fields, message);
		},
		command: (report) => recordCommand(log, report),
		info: (fields, message) => log.info(fields, message),
		warn: (fields, message) => log.warn(fields, message),
		error: (fields, message) => log.error(fields, message),
	};
}

/** The part of pino's logger that is used here, with the fields that lines have. */
type Log = Pick<Journal, "info" | "warn" | "error"> & {
	debug(fields: LogFields, message: string): void;
	isLevelEnabled(level: string): boolean;
};

/** The LRU keeps at least this many sentences and never twice as many. */
const LEAST_TOLD = 512;

function recordReport(log: Log, report: Exclude<Report, { kind: "skipped" }>): void {
	if (report.kind === "listening") log.info({ receiveBuffer: report.receiveBuffer }, "listening for uevents");
	else if (report.kind === "heard") return;
	else if (report.kind === "batch") recordDecisions(log, report.batch);
	else if (report.kind === "outcome") recordOutcome(log, report.batch, report.outcome);
	else if (report.kind === "hung")
		log.warn(
			{ module: report.step.module, milliseconds: report.milliseconds },
			`${report.step.module}: its insertion has not ended after ${report.milliseconds} ms: others go on without waiting for it`,
		);
	else if (report.kind === "stuck")
		log.warn(
			{ module: report.step.module, behind: report.behind },
			`${report.step.module}: waits for ${report.behind}, which hangs: ${report.step.module} is not begun before ${report.behind} has ended`,
		);
	else if (report.kind === "lost") log.warn({ drops: report.drops }, "uevents were lost: looking at all devices again");
	else if (report.kind === "refused") log.warn({ refused: report.count }, "refused forged uevents");
	else if (report.kind === "deaf")
		log.error({ reason: report.error.message }, "the uevent socket failed: opening another");
	else if (report.kind === "blind")
		log.error({ reason: report.error.message }, "could not look at all devices: looking again");
	else if (report.kind === "walked") log.info({ devices: report.devices }, "looked at all devices");
	else log.info({}, "settled");
}

function recordCommand(log: Log, report: CommandReport): void {
	const { command, result, milliseconds, exitStatus, complaint, reason } = report;
	const fields: FieldsOf<LoggedCommand> = {
		device: command.device,
		action: command.action,
		rule: formatSource(command.rule),
		command: command.command,
		result,
		milliseconds: Math.round(milliseconds),
		...(exitStatus !== undefined && { exitStatus }),
		...(complaint && { complaint }),
		...(reason !== undefined && { reason: reason.message }),
	};
	const message = `${command.command[0]}: ${result}`;
	if (result === "done") log.info(fields, message);
	else if (result === "stopped") log.warn(fields, message);
	else log.error(fields, message);
}

function recordDecisions(log: Log, { number, decisions }: Batch): void {
	// The sentence is formatted only when it is logged: most decisions never are.
	const debug = log.isLevelEnabled("debug");
	for (const decision of decisions) {
		const { device, alias, problem } = decision;
		if (problem !== undefined) log.error({ batch: number, device, alias }, explainDecision(decision));
		else if (debug) log.debug({ batch: number, device, alias }, explainDecision(decision));
	}
}

function recordOutcome(log: Log, batch: number, outcome: Outcome): void {
	const { step, result, milliseconds, reason, exitStatus } = outcome;
	const fields: FieldsOf<LoggedOutcome> = {
		batch,
		module: step.module,
		result,
		milliseconds: Math.round(milliseconds),
		...(step.cause.kind === "alias" && { device: step.cause.device, alias: step.cause.alias }),
		...(reason instanceof Refusal && { errno: reason.code }),
		...(exitStatus !== undefined && { exitStatus }),
	};
	const message = `${step.module}: ${explainOutcome(outcome)}`;
	if (isFailure(outcome)) log.error(fields, message);
	else log.info(fields, message);
}
