// The status of an agent: plain data, with the names that the metrics have. The agent fills it in, and `hotplugd status` prints
// it. Times are milliseconds ago, by a clock that stands still in suspend and that nobody sets. schemas/status.json
// is made from these types, docstrings and all.
import type { WholeNumber } from "../../libkmod/kernel/whole-number.js";

/** "working": a module is in flight or awaits its turn, or the quiet time since the last work is not over. */
export type AgentState = "starting" | "working" | "settled" | "reloading" | "stopping";

/** Counts since the agent began. */
export type AgentCounts = {
	/** Uevents that were read from the socket. */
	readonly events_received: WholeNumber;
	/** Uevents that the agent dropped because its queue was full. */
	readonly events_dropped: WholeNumber;
	/** Messages from a sender other than the source. */
	readonly events_refused: WholeNumber;
	/** Uevents lost before they could be read: the receive buffer had no room for them, or they were truncated. */
	readonly overruns: WholeNumber;
	readonly aliases_new: WholeNumber;
	/** Aliases that were asked for before, and need no further work. */
	readonly aliases_repeated: WholeNumber;
	/** Aliases that no module has. */
	readonly aliases_unknown: WholeNumber;
	readonly modules_inserted: WholeNumber;
	/** Devices, rules and decisions that were skipped, counted each time. Undefined from an older agent. */
	readonly skipped?: WholeNumber;
	/** Counts by reason: an errno's name such as ENOEXEC, or a word such as missing. */
	readonly modules_failed: Readonly<Record<string, WholeNumber>>;
};

export type InFlight = {
	readonly module: string;
	readonly milliseconds: WholeNumber;
	/** Whether the insertion has taken so long that it no longer counts against the bound. */
	readonly hung: boolean;
};

/** The end of a module's insertion. */
export type PastOutcome = {
	readonly module: string;
	readonly result: string;
	/** For people, in one sentence. */
	readonly explanation: string;
	/** How long the insertion took. */
	readonly milliseconds: WholeNumber;
	readonly milliseconds_ago: WholeNumber;
};

/** What the running agent is doing, and what it has done: the output of hotplugd status --json. */
export type AgentStatus = {
	readonly version: string;
	readonly pid: WholeNumber;
	readonly milliseconds: WholeNumber;
	readonly state: AgentState;
	/** How long the agent has been in that state. */
	readonly state_milliseconds: WholeNumber;
	/** The sender of the uevents that the agent listens to. */
	readonly source: "kernel" | "udev";
	/** Bytes, as the kernel counts them. */
	readonly receive_buffer_bytes: WholeNumber;
	readonly counts: AgentCounts;
	/** The number of modules that wait for their turn. */
	readonly queue_depth: WholeNumber;
	/** In the order of their begin. */
	readonly in_flight: readonly InFlight[];
	/** The part of the queue that does not begin because the module `behind` hangs: a rival that goes first, or a dependency. */
	readonly waiting_for_hung?: readonly { readonly module: string; readonly behind: string }[];
	/** The last few outcomes, the newest last. */
	readonly last_outcomes: readonly PastOutcome[];
	readonly indexes: {
		readonly directory: string;
		/** How often the indexes were read. 0 while there are none to look in. */
		readonly generation: WholeNumber;
		/** Why the indexes could not be read at the last try. Indexes that had been read before still count. */
		readonly missing?: string;
		readonly milliseconds_ago: WholeNumber;
	};
	readonly configuration: {
		/** The files, in the order in which they were read. */
		readonly files: readonly string[];
		/** The number of lines that were not understood or are ignored. */
		readonly problems: WholeNumber;
		readonly milliseconds_ago: WholeNumber;
	};
	readonly last_problem?: { readonly message: string; readonly milliseconds_ago: WholeNumber };
};
