// The agent's settings: every key with its default, the sentence that explains it and what it may be. The reference file in
// config/ is made from this table, and a test holds the two equal.

export type Settings = {
	readonly parallel: number;
	readonly quiet_milliseconds: number;
	readonly receive_buffer_bytes: number;
	readonly log_level: string;
	readonly honour_every_line: boolean;
};

type Setting<Value> = {
	readonly value: Value;
	readonly sentence: string;
	/** What it may be, for the message, and whether a value is that. */
	readonly range: string;
	readonly accepts: (value: unknown) => boolean;
};

const between = (least: number, most: number) => ({
	range: `a whole number from ${least} to ${most}`,
	accepts: (value: unknown) => Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most,
});

const oneOf = (...words: readonly string[]) => ({
	range: `one of ${words.join(", ")}`,
	accepts: (value: unknown) => typeof value === "string" && words.includes(value),
});

const trueOrFalse = { range: "true or false", accepts: (value: unknown) => typeof value === "boolean" };

export const settingsTable: { readonly [Key in keyof Settings]: Setting<Settings[Key]> } = {
	parallel: {
		value: 16,
		sentence: "How many modules may be in their init at once, over all batches.",
		...between(1, 1000),
	},
	quiet_milliseconds: {
		value: 1000,
		sentence: "How long nothing may have come up or ended before the devices count as settled and coldplug ends.",
		// As long as a timer can be.
		...between(0, 2 ** 31 - 1),
	},
	receive_buffer_bytes: {
		value: 134_217_728,
		sentence: "Receive buffer to ask the kernel for on the uevent socket; only what is queued takes memory.",
		// The kernel takes no more, since it counts twice as much.
		...between(4096, 2 ** 30 - 1),
	},
	log_level: {
		value: "info",
		sentence: "How much `hotplugd run` logs.",
		...oneOf("trace", "debug", "info", "warn", "error", "fatal", "silent"),
	},
	honour_every_line: {
		value: false,
		sentence:
			"Whether lines of modprobe.d count that kmod leaves unheeded: a module's later softdeps, and its install beside softdeps.",
		...trueOrFalse,
	},
};

export const defaultSettings: Settings = {
	parallel: settingsTable.parallel.value,
	quiet_milliseconds: settingsTable.quiet_milliseconds.value,
	receive_buffer_bytes: settingsTable.receive_buffer_bytes.value,
	log_level: settingsTable.log_level.value,
	honour_every_line: settingsTable.honour_every_line.value,
};
