// The status of an agent: plain data, with the names that the metrics have. The agent fills it in, and `hotplugd status` prints
// it. Times are milliseconds ago, by a clock that stands still in suspend and that nobody sets.

/** "working": a module is in flight or awaits its turn, or the quiet time since the last work is not over. */
export type AgentState = "starting" | "working" | "settled" | "reloading" | "stopping";

/** Counts since the agent began. */
export type AgentCounts = {
	/** Uevents that were read from the socket. */
	readonly events_received: number;
	/** Uevents that the agent dropped because its queue was full. */
	readonly events_dropped: number;
	/** Messages from a sender other than the source. */
	readonly events_refused: number;
	/** Uevents lost before they could be read: the receive buffer had no room for them, or they were truncated. */
	readonly overruns: number;
	readonly aliases_new: number;
	/** Aliases that were asked for before, and need no further work. */
	readonly aliases_repeated: number;
	/** Aliases that no module has. */
	readonly aliases_unknown: number;
	readonly modules_inserted: number;
	/** Devices, rules and decisions that were skipped, counted each time. Undefined from an older agent. */
	readonly skipped?: number;
	/** Counts by reason: an errno's name such as ENOEXEC, or a word such as missing. */
	readonly modules_failed: Readonly<Record<string, number>>;
};

export type InFlight = {
	readonly module: string;
	readonly milliseconds: number;
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
	readonly milliseconds: number;
	readonly milliseconds_ago: number;
};

export type AgentStatus = {
	readonly version: string;
	readonly pid: number;
	readonly milliseconds: number;
	readonly state: AgentState;
	/** How long the agent has been in that state. */
	readonly state_milliseconds: number;
	/** The sender of the uevents that the agent listens to. */
	readonly source: "kernel" | "udev";
	/** Bytes, as the kernel counts them. */
	readonly receive_buffer_bytes: number;
	readonly counts: AgentCounts;
	/** The number of modules that wait for their turn. */
	readonly queue_depth: number;
	/** In the order of their begin. */
	readonly in_flight: readonly InFlight[];
	/** The part of the queue that does not begin because the module `behind` hangs: a rival that goes first, or a dependency. */
	readonly waiting_for_hung?: readonly { readonly module: string; readonly behind: string }[];
	/** The last few outcomes, the newest last. */
	readonly last_outcomes: readonly PastOutcome[];
	readonly indexes: {
		readonly directory: string;
		/** How often the indexes were read. 0 while there are none to look in. */
		readonly generation: number;
		/** Why the indexes could not be read at the last try. Indexes that had been read before still count. */
		readonly missing?: string;
		readonly milliseconds_ago: number;
	};
	readonly configuration: {
		/** The files, in the order in which they were read. */
		readonly files: readonly string[];
		/** The number of lines that were not understood or are ignored. */
		readonly problems: number;
		readonly milliseconds_ago: number;
	};
	readonly last_problem?: { readonly message: string; readonly milliseconds_ago: number };
};
