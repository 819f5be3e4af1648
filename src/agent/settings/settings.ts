// The agent's settings: every key with its default, a sentence that explains the key, and its range. The reference file in
// config/ is made from this table, and a test keeps the two equal.
import { groupNames } from "./priority.js";

export type Settings = {
	readonly source: string;
	readonly parallel: number;
	readonly first: readonly string[];
	readonly hung_seconds: number;
	readonly quiet_milliseconds: number;
	readonly receive_buffer_bytes: number;
	readonly log_level: string;
	readonly honour_every_line: boolean;
	readonly run_directory: string;
	readonly commands_at_once: number;
	readonly command_socket: string;
	readonly metrics_file: string;
	readonly metrics_seconds: number;
};

/** The message when the settings file was not named, and is a symbolic link to nowhere. */
export const DEFAULTS_COUNT = "is reached by a link to nowhere, so the defaults count";

type Setting<Value> = {
	readonly value: Value;
	readonly sentence: string;
	/** The range of the value, in words for messages, and the check for it. */
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

const listOf = (...words: readonly string[]) => ({
	range: `a list of any of ${words.join(", ")}`,
	accepts: (value: unknown) => Array.isArray(value) && value.every((word) => words.includes(word)),
});

const path = (range: string, pattern: RegExp) => ({
	range,
	accepts: (value: unknown) => typeof value === "string" && pattern.test(value),
});

const trueOrFalse = { range: "true or false", accepts: (value: unknown) => typeof value === "boolean" };

export const settingsTable: { readonly [Key in keyof Settings]: Setting<Settings[Key]> } = {
	source: {
		value: "auto",
		sentence:
			"Whose uevents `hotplugd run` heeds: the kernel's, udev's when its rules have run, or udev's where udev runs.",
		...oneOf("auto", "kernel", "udev"),
	},
	parallel: {
		value: 16,
		sentence: "How many modules may be in their init at once, over all batches.",
		...between(1, 1000),
	},
	first: {
		value: ["usb_host"],
		sentence: "Which drivers go before all others that wait for their turn, the first named before the next.",
		...listOf(...groupNames),
	},
	hung_seconds: {
		value: 60,
		sentence: "After how long an insertion that has not ended is reported and gives up its place; it is never killed.",
		...between(1, 2_000_000),
	},
	quiet_milliseconds: {
		value: 1000,
		sentence: "How long nothing may have come up or ended before the devices count as settled and coldplug ends.",
		// The longest delay of a timer of node.
		...between(0, 2 ** 31 - 1),
	},
	receive_buffer_bytes: {
		value: 134_217_728,
		sentence: "Receive buffer to ask the kernel for on the uevent socket; only what is queued takes memory.",
		// The kernel accepts no more, since it doubles the value (socket(7)).
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
	run_directory: {
		value: "/run/hotplugd",
		sentence: "Where `hotplugd run` has its sockets and its lock.",
		...path("an absolute path", /^\/[^\0]*$/),
	},
	commands_at_once: {
		value: 4,
		sentence: "How many commands of policy may run at once; they take no place from insertions.",
		...between(1, 1000),
	},
	command_socket: {
		value: "",
		sentence: "The companion that runs `install` commands outside this service's sandbox; empty: they are run here.",
		...path("an absolute path, or empty", /^(?:\/[^\0]*)?$/),
	},
	metrics_file: {
		value: "",
		sentence: "Where `hotplugd run` keeps its metrics for node_exporter's textfile collector; empty: nowhere.",
		...path("an absolute path that ends in .prom, or empty", /^(?:\/[^\0]*\.prom)?$/),
	},
	metrics_seconds: {
		value: 15,
		sentence: "How often that file is written.",
		...between(1, 86_400),
	},
};

export const defaultSettings = Object.fromEntries(
	Object.entries(settingsTable).map(([key, { value }]) => [key, value]),
) as unknown as Settings;
