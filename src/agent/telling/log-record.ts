// The lines of the agent's log, as types: schemas/log.json is made from them, docstrings and all. No field names the kind of a
// line: lines differ by the fields that they have.
import type { Result } from "../../libkmod/insertion/outcome.js";
import type { Problem } from "../../libkmod/kernel/kernel.js";
import type { WholeNumber } from "../../libkmod/kernel/whole-number.js";
import type { CommandReport } from "../commands/command-pool.js";

/** A line of the agent's log, which hotplugd run writes to standard output. */
export type LogRecord =
	| LoggedSentence
	| LoggedOutcome
	| LoggedDecision
	| LoggedHang
	| LoggedWait
	| LoggedSkipping
	| LoggedFault
	| LoggedFailure
	| LoggedListening
	| LoggedLook
	| LoggedLoss
	| LoggedRefusal
	| LoggedCommand
	| LoggedSettle
	| LoggedStop
	| LoggedEnd
	| LoggedFiles
	| LoggedProblem
	| LoggedRequest
	| LoggedSpool
	| LoggedGap;

/** What the caller of the log gives of a line beside its sentence. */
export type LogFields = FieldsOf<LogRecord>;

export type FieldsOf<Line> = Line extends LogHead
	? Exclude<keyof Line, keyof LogHead> extends never
		? NoFields
		: Omit<Line, keyof LogHead>
	: never;

/** An empty object. The type `{}` would be every object, and the compiler would take fields that no line has. */
type NoFields = { readonly msg?: never };

/** What every line has. */
type LogHead = {
	/** As pino counts: 20 is debug, 30 info, 40 warn and 50 error. */
	readonly level: 20 | 30 | 40 | 50;
	/** The time of the system's clock, in UTC, such as 2026-01-31T12:00:00.000Z. */
	readonly time: string;
	/** The process id of the agent. */
	readonly pid: WholeNumber;
	/** For people, in one sentence. */
	readonly msg: string;
};

/** A line that is its sentence alone. */
export type LoggedSentence = LogHead;

/** A module's insertion or install command has ended. */
export type LoggedOutcome = LogHead & {
	/** The number of the batch, from 1. */
	readonly batch: WholeNumber;
	readonly module: string;
	readonly result: Result;
	/** From begin to end, without the wait for other modules. */
	readonly milliseconds: WholeNumber;
	/** The device that asked for the module, where one did. */
	readonly device?: string;
	/** The alias that asked for the module, where one did. */
	readonly alias?: string;
	/** The name of the kernel's errno, such as ENOEXEC. */
	readonly errno?: string;
	/** The exit status of the install command: 128+N for signal N. */
	readonly exitStatus?: WholeNumber;
};

/** What an alias of a device asks for (at level debug), or why that could not be told. */
export type LoggedDecision = LogHead & {
	/** The number of the batch, from 1. */
	readonly batch: WholeNumber;
	/** Empty if a client asks, not a device. */
	readonly device: string;
	readonly alias: string;
};

/** A module's insertion or install command takes so long that others go on without waiting for it. */
export type LoggedHang = LogHead & {
	readonly module: string;
	/** The time after which a module counts as hung. */
	readonly milliseconds: WholeNumber;
};

/** A module is not begun before another has ended, which hangs. */
export type LoggedWait = LogHead & {
	readonly module: string;
	/** The module that hangs. */
	readonly behind: string;
};

/** A part was skipped, since it could not be read or handled: all else goes on. */
export type LoggedSkipping = LogHead & {
	/** The part, such as the path of a device or the place of a rule. */
	readonly what: string;
	readonly reason: string;
};

/** The uevent socket failed, or a look at all devices did: it is done again. */
export type LoggedFault = LogHead & { readonly reason: string };

/** A request could not be answered, through a fault of the agent's. */
export type LoggedFailure = LogHead & {
	/** Where in the program that was. */
	readonly stack: string;
};

/** The uevent socket is bound. */
export type LoggedListening = LogHead & {
	/** Bytes, as the kernel counts them. */
	readonly receiveBuffer: WholeNumber;
};

/** All devices were looked at. */
export type LoggedLook = LogHead & { readonly devices: WholeNumber };

/** Uevents were lost: all devices are looked at again. */
export type LoggedLoss = LogHead & {
	/** How many were lost so far. */
	readonly drops: WholeNumber;
};

/** Uevents came from a sender that is not the source. */
export type LoggedRefusal = LogHead & {
	/** How many did so far. */
	readonly refused: WholeNumber;
};

/** A command of policy has ended, or was not begun. */
export type LoggedCommand = LogHead & {
	/** The path of the device below /sys. */
	readonly device: string;
	/** The action of the device's uevent. */
	readonly action: string;
	/** The rule that has the command run: file and line. */
	readonly rule: string;
	/** The program and its arguments. */
	readonly command: readonly string[];
	readonly result: CommandReport["result"];
	readonly milliseconds: WholeNumber;
	/** The exit status of the command: 128+N for signal N. */
	readonly exitStatus?: WholeNumber;
	/** The last words of the command on standard error. */
	readonly complaint?: string;
	/** Why the command was not started. */
	readonly reason?: string;
};

/** A command of the agent called settle, which could not wait for that command. */
export type LoggedSettle = LogHead & {
	/** The commands that settle did not wait for. */
	readonly not_waited_for: readonly string[];
	/** Whether all else was settled in time. */
	readonly settled: boolean;
};

/** The agent begins to stop. */
export type LoggedStop = LogHead & {
	/** Modules that the agent waits for. */
	readonly running: readonly string[];
	/** Modules that hang, which the agent does not wait for. */
	readonly hung: readonly string[];
	/** Commands of policy that the agent waits for. */
	readonly commands: readonly string[];
};

/** The agent has stopped, and has left modules behind that hang. */
export type LoggedEnd = LogHead & { readonly hung: readonly string[] };

/** Indexes and configuration were read. */
export type LoggedFiles = LogHead & {
	/** The files of the configuration that were read. Absent if there are no usable indexes. */
	readonly files?: readonly string[];
	/** The module directory, in which the indexes are. */
	readonly moduleDirectory: string;
};

/** A line of a file that was not understood or does not count. */
export type LoggedProblem = LogHead & Problem;

/** A request to load that the agent could not carry out any more, left to the next agent. */
export type LoggedRequest = LogHead & { readonly alias: string };

/** Requests to load that were made before the agent listened. */
export type LoggedSpool = LogHead & { readonly requests: WholeNumber };

/** Lines of the log are missing before this one, since nobody read the log. */
export type LoggedGap = LogHead & {
	/** How many are. */
	readonly lines: WholeNumber;
};
