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
			"The sender whose uevents `hotplugd run` handles: the kernel, udev after its rules, or (auto) udev if udev runs, else the kernel.",
		...oneOf("auto", "kernel", "udev"),
	},
	parallel: {
		sentence: "The maximum number of modules whose init runs at once, over all batches.",
		...between(1, 1000),
	},
	first: {
		sentence: "The groups of drivers that are inserted before all others that wait, in this order.",
		...listOf(...groupNames),
	},
	hung_seconds: {
		sentence:
			"The seconds after which an insertion that has not ended is reported and gives up its permit; no insertion is ever killed.",
		...between(1, 2_000_000),
	},
	quiet_milliseconds: {
		sentence:
			"The time in which no device comes up and no insertion ends, after which the devices count as settled and coldplug ends.",
		// The longest delay of a timer of node.
		...between(0, 2 ** 31 - 1),
	},
	receive_buffer_bytes: {
		sentence:
			"The receive buffer that the agent asks the kernel for on the uevent socket; only queued messages take memory.",
		// The kernel accepts no more, since it doubles the value (socket(7)).
		...between(4096, 2 ** 30 - 1),
	},
	log_level: {
		sentence: "The least severe level that `hotplugd run` logs.",
		...oneOf("trace", "debug", "info", "warn", "error", "fatal", "silent"),
	},
	honour_every_line: {
		sentence:
			"Whether lines of modprobe.d count that kmod ignores: a module's later softdeps, and its install command beside softdeps.",
		...trueOrFalse,
	},
	run_directory: {
		sentence: "The directory of the sockets and the lock of `hotplugd run`.",
		...path("an absolute path", /^\/[^\0]*$/),
	},
	commands_at_once: {
		sentence: "The maximum number of commands of policy rules that run at once; they take no permits from insertions.",
		...between(1, 1000),
	},
	command_socket: {
		sentence:
			"The socket of the companion that runs `install` commands outside the agent's sandbox; empty: the agent runs them itself.",
		...path("an absolute path, or empty", /^(?:\/[^\0]*)?$/),
	},
	metrics_file: {
		sentence:
			"The file to which `hotplugd run` writes its metrics for node_exporter's textfile collector; empty: no file.",
		...path("an absolute path that ends in .prom, or empty", /^(?:\/[^\0]*\.prom)?$/),
	},
	metrics_seconds: {
		sentence: "The seconds between two writes of metrics_file.",
		...between(1, 86_400),
	},
};
