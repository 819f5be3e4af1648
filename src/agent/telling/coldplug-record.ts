// The records of coldplug --json, as types: schemas/coldplug.json is made from them, docstrings and all (npm run schemas). Strings
// are bytes until formatJson makes text of them.
import type { Evidence } from "../../libkmod/evidence/evidence.js";
import type { Source } from "../../libkmod/formats/modprobe-config.js";
import type { Result } from "../../libkmod/insertion/outcome.js";
import type { WholeNumber } from "../../libkmod/kernel/whole-number.js";
import type { Step } from "../../libkmod/planning/plan-insertion.js";
import type { Decision } from "../decisions/decider.js";
import type { SkippedRecord } from "../faults/skipped.js";
import type { Summary } from "./dry-run.js";

/** A line of coldplug --json: what a dry run would do, or what a real run does, as it goes on. */
export type ColdplugRecord = BatchRecord | SummaryRecord | ReportRecord | UnendedRecord;

/** A record of a batch, which dry run and real run print alike. */
export type BatchRecord = StepRecord | DecisionRecord;

/** A record of a report of the real run, where the report is no batch. */
export type ReportRecord =
	| ListeningRecord
	| WalkedRecord
	| OutcomeRecord
	| HungRecord
	| StuckRecord
	| LostRecord
	| RefusedRecord
	| FaultRecord
	| SkippedRecord
	| SettledRecord;

/** A module of a batch's plan. The steps of a level wait for none of the same level. */
export type StepRecord = {
	readonly kind: "step";
	/** The number of the batch, from 1. */
	readonly batch: WholeNumber;
	/** The steps of level 0 wait for nothing, those of any other level for steps of lower levels. */
	readonly level: WholeNumber;
	/** The cause for people, in one sentence. */
	readonly why: string;
} & RecordedAction &
	RecordedStep;

/** The fields of a step that stand in its record as they are. */
export type RecordedStep = Pick<Step, "module" | "alias" | "parameters" | "required" | "after" | "cause">;

/** What is done for a module of a plan. */
export type RecordedAction =
	| {
			/** The module's file is inserted. */
			readonly how: "insert";
			/** The absolute path of the module's file. */
			readonly path: string;
			/** The install line that does not count, since the module has softdeps. */
			readonly commandIgnored?: Source;
	  }
	| {
			/** The module's install command is run instead. */
			readonly how: "run";
			/** The command, as it stands in modprobe.d. */
			readonly command: string;
			/** The install line. */
			readonly source: Source;
	  }
	| {
			/** The module has neither a file nor an install command. */
			readonly how: "missing";
			/** Why the index cannot tell the module's file. */
			readonly problem?: string;
			/** The install line that does not count, since the module has softdeps. */
			readonly commandIgnored?: Source;
	  }
	| {
			/** The module is kept out, and is none of the modules that the summary counts. */
			readonly how: "masked";
			/** The install command that keeps the module out, such as /bin/false. Absent where a rule of policy does. */
			readonly command?: string;
			/** The install line or the rule that keeps the module out. */
			readonly source: Source;
			/** The masked module that this module needs. */
			readonly needs?: string;
	  };

/** What one alias of one device asks for. */
export type DecisionRecord = {
	readonly kind: "decision";
	/** The number of the batch, from 1. */
	readonly batch: WholeNumber;
	/** Why the alias could not be looked up. */
	readonly problem?: string;
} & Omit<Decision, "problem">;

/** The end of a module's insertion, or of its install command. */
export type OutcomeRecord = {
	readonly kind: "outcome";
	/** The number of the batch, from 1. */
	readonly batch: WholeNumber;
	readonly module: string;
	readonly result: Result;
	/** From begin to end, without the wait for other modules. */
	readonly milliseconds: WholeNumber;
	/** False if only softdeps ask for the module: its failure is none of the whole. */
	readonly required: boolean;
	/** The name of the kernel's errno, such as ENOEXEC. */
	readonly errno?: string;
	/** The exit status of the install command: 128+N for signal N. */
	readonly exitStatus?: WholeNumber;
	/** Why the kernel refused the module, where its files and the module's own tell. */
	readonly evidence?: Evidence;
	/** For people, in one sentence. */
	readonly explanation: string;
};

/** A module's insertion or install command takes so long that others go on without waiting for it. It is left to end. */
export type HungRecord = {
	readonly kind: "hung";
	readonly module: string;
	/** The time after which a module counts as hung. */
	readonly milliseconds: WholeNumber;
};

/** A module is not begun before the module `behind` has ended, which hangs: a dependency, or a rival that goes first. */
export type StuckRecord = { readonly kind: "stuck"; readonly module: string; readonly behind: string };

/** What had not ended when coldplug ended. */
export type UnendedRecord = {
	readonly kind: "unended";
	/** Modules in their init, or whose install command runs. */
	readonly running: readonly { readonly module: string; readonly milliseconds: WholeNumber; readonly hung: boolean }[];
	/** Modules that have not begun, since the modules that they wait for have not ended. */
	readonly waiting: readonly string[];
};

/** The last record of a dry run: counts. */
export type SummaryRecord = { readonly kind: "summary" } & Summary;

/** The uevent socket is bound. */
export type ListeningRecord = {
	readonly kind: "listening";
	/** Bytes, as the kernel counts them. */
	readonly receiveBuffer: WholeNumber;
};

/** All devices were looked at. */
export type WalkedRecord = { readonly kind: "walked"; readonly devices: WholeNumber };

/** Uevents were lost: all devices are looked at again. */
export type LostRecord = {
	readonly kind: "lost";
	/** How many were lost so far. */
	readonly drops: WholeNumber;
};

/** Uevents from a sender that is not the kernel, nor udev where udev is the source. */
export type RefusedRecord = {
	readonly kind: "refused";
	/** How many there were so far. */
	readonly count: WholeNumber;
};

/** The uevent socket failed, and another is opened (`deaf`), or a look at all devices failed, and another follows (`blind`). */
export type FaultRecord = { readonly kind: "deaf" | "blind"; readonly reason: string };

/** Nothing is in flight, and no device came up for a while: coldplug ends. */
export type SettledRecord = { readonly kind: "settled" };
