// What an agent says of itself when it is asked: plain data, with the names that the metrics have. The agent fills it in,
// `hotplugd status` prints it. Times are how long ago, by a clock that stands still in suspend and that nobody sets.

/** "working": something is in flight or awaits its turn, or too little time has passed since. */
export type AgentState = "starting" | "working" | "settled" | "reloading" | "stopping";

/** Since the agent began. */
export type AgentCounts = {
	/** Uevents that were read from the socket. */
	readonly events_received: number;
	/** Left out by the agent because its queue was full. */
	readonly events_dropped: number;
	/** Not sent by whom it listens to. */
	readonly events_refused: number;
	/** Lost before they could be read: what the receive buffer had no room for, or cut short. */
	readonly overruns: number;
	readonly aliases_new: number;
	/** Asked for before, with nothing to do for it. */
	readonly aliases_repeated: number;
	/** No module has it. */
	readonly aliases_unknown: number;
	readonly modules_inserted: number;
	/** Devices, rules and decisions that were passed over, each time. An older agent does not tell. */
	readonly skipped?: number;
	/** By reason: an errno's name such as ENOEXEC, or a word such as missing. */
	readonly modules_failed: Readonly<Record<string, number>>;
};

export type InFlight = {
	readonly module: string;
	readonly milliseconds: number;
	/** It has taken so long that it no longer counts against the bound. */
	readonly hung: boolean;
};

/** The end of a module's insertion. */
export type PastOutcome = {
	readonly module: string;
	readonly result: string;
	/** For people, in one sentence. */
	readonly explanation: string;
	/** How long it took. */
	readonly milliseconds: number;
	readonly milliseconds_ago: number;
};

export type AgentStatus = {
	readonly version: string;
	readonly pid: number;
	readonly milliseconds: number;
	readonly state: AgentState;
	/** How long it has been in that state. */
	readonly state_milliseconds: number;
	/** Whom it listens to: the kernel or udev. */
	readonly source: "kernel" | "udev";
	/** As the kernel counts it. */
	readonly receive_buffer_bytes: number;
	readonly counts: AgentCounts;
	/** What waits for its turn. */
	readonly queue_depth: number;
	/** The one begun first comes first. */
	readonly in_flight: readonly InFlight[];
	/** Part of that queue: what does not begin because the module `behind` hangs, a rival that goes first or what it needs. */
	readonly waiting_for_hung?: readonly { readonly module: string; readonly behind: string }[];
	/** The last few, the newest last. */
	readonly last_outcomes: readonly PastOutcome[];
	readonly indexes: {
		readonly directory: string;
		/** How often they were read: 0 as long as there is nothing to look in. */
		readonly generation: number;
		/** Why they could not be read when it was tried last; what had been read before still counts. */
		readonly missing?: string;
		readonly milliseconds_ago: number;
	};
	readonly configuration: {
		/** In the order in which they were read. */
		readonly files: readonly string[];
		/** Lines that were not understood or are not heeded. */
		readonly problems: number;
		readonly milliseconds_ago: number;
	};
	readonly last_problem?: { readonly message: string; readonly milliseconds_ago: number };
};
