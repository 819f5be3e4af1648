// The table of settings: a sentence that explains each key, what values the key accepts, and this range in words. The reference
// file in config/ is made from this table and the defaults, and a test keeps them equal. Imported only when there is a settings
// file.
import * as v from "valibot";
import { groupNames } from "./priority.js";

/** The range in words is for messages and for the reference file. */
const between = (least: number, most: number) => ({
	range: `a whole number from ${least} to ${most}`,
	schema: v.pipe(v.number(), v.safeInteger(), v.minValue(least), v.maxValue(most)),
});

const oneOf = <const Word extends string>(...words: readonly Word[]) => ({
	range: `one of ${words.join(", ")}`,
	schema: v.picklist(words),
});

const listOf = <Word extends string>(...words: readonly Word[]) => ({
	range: `a list of any of ${words.join(", ")}`,
	schema: v.pipe(v.array(v.picklist(words)), v.readonly()),
});

const path = (range: string, pattern: RegExp) => ({ range, schema: v.pipe(v.string(), v.regex(pattern)) });

const trueOrFalse = { range: "true or false", schema: v.boolean() };

export const settingsTable = {
	source: {
		sentence:
			"Whose uevents `hotplugd run` heeds: the kernel's, udev's when its rules have run, or udev's where udev runs.",
		...oneOf("auto", "kernel", "udev"),
	},
	parallel: {
		sentence: "How many modules may be in their init at once, over all batches.",
		...between(1, 1000),
	},
	first: {
		sentence: "Which drivers go before all others that wait for their turn, the first named before the next.",
		...listOf(...groupNames),
	},
	hung_seconds: {
		sentence: "After how long an insertion that has not ended is reported and gives up its place; it is never killed.",
		...between(1, 2_000_000),
	},
	quiet_milliseconds: {
		sentence: "How long nothing may have come up or ended before the devices count as settled and coldplug ends.",
		// The longest delay of a timer of node.
		...between(0, 2 ** 31 - 1),
	},
	receive_buffer_bytes: {
		sentence: "Receive buffer to ask the kernel for on the uevent socket; only what is queued takes memory.",
		// The kernel accepts no more, since it doubles the value (socket(7)).
		...between(4096, 2 ** 30 - 1),
	},
	log_level: {
		sentence: "How much `hotplugd run` logs.",
		...oneOf("trace", "debug", "info", "warn", "error", "fatal", "silent"),
	},
	honour_every_line: {
		sentence:
			"Whether lines of modprobe.d count that kmod leaves unheeded: a module's later softdeps, and its install beside softdeps.",
		...trueOrFalse,
	},
	run_directory: {
		sentence: "Where `hotplugd run` has its sockets and its lock.",
		...path("an absolute path", /^\/[^\0]*$/),
	},
	commands_at_once: {
		sentence: "How many commands of policy may run at once; they take no place from insertions.",
		...between(1, 1000),
	},
	command_socket: {
		sentence: "The companion that runs `install` commands outside this service's sandbox; empty: they are run here.",
		...path("an absolute path, or empty", /^(?:\/[^\0]*)?$/),
	},
	metrics_file: {
		sentence: "Where `hotplugd run` keeps its metrics for node_exporter's textfile collector; empty: nowhere.",
		...path("an absolute path that ends in .prom, or empty", /^(?:\/[^\0]*\.prom)?$/),
	},
	metrics_seconds: {
		sentence: "How often that file is written.",
		...between(1, 86_400),
	},
};
