// modprobe's options, in the groups and spellings of modprobe(8). Options that kmod has given up still work, with a warning.
import type { Occurrence } from "../command-line/getopt.js";
import type { Options } from "../command-line/options.js";

const management = { group: "Management Options:" } as const;
const query = { group: "Query Options:" } as const;
const general = { group: "General Options:" } as const;

export const modprobeOptions = {
	all: { ...management, short: "a", help: "Take every argument for a module to insert, or with -r to remove" },
	remove: { ...management, short: "r", help: "Remove modules instead of inserting them" },
	removeHolders: {
		...management,
		also: ["remove-dependencies"],
		help: "Remove (-r), and the modules that need them first",
	},
	wait: { ...management, short: "w", argument: "MSEC", help: "Removing, wait up to MSEC for a module that is in use" },
	firstTime: { ...management, help: "Fail if the module is already inserted, or with -r already removed" },
	ignoreInstall: { ...management, short: "i", also: ["ignore-remove"], help: "Ignore install or remove commands" },
	useBlacklist: { ...management, short: "b", help: "The blacklist counts for names too, not only for aliases" },
	force: {
		...management,
		short: "f",
		help: "Insert or remove by force, with both of the next two options, which may crash the machine",
	},
	forceModversion: { ...management, help: "Insert even where the versions of symbols differ" },
	forceVermagic: { ...management, help: "Insert even a module built for another kernel" },
	showAlias: {
		...query,
		short: "R",
		also: ["resolve-alias"],
		help: "Print the modules that names and aliases stand for",
	},
	showDepends: { ...query, short: "D", help: "Print what would be inserted, dependencies first" },
	showConfig: { ...query, short: "c", also: ["showconfig"], help: "Print the configuration and the indexes" },
	showModversions: {
		...query,
		also: ["dump-modversions"],
		help: "Print the versions of symbols that a module or file needs",
	},
	showExports: { ...query, help: "Print the symbols that a module or file exports, with their versions" },
	json: { ...query, help: "Print -R, -D and -c as JSON" },
	dryRun: { ...general, short: "n", also: ["show"], help: "Print what would be done, and do nothing" },
	config: {
		...general,
		short: "C",
		argument: "PATH",
		repeat: true,
		ofHost: true,
		help: "Take this file or directory instead of modprobe.d",
	},
	dirname: { ...general, short: "d", argument: "DIR", help: "Take DIR/lib/modules instead of /lib/modules" },
	setVersion: {
		...general,
		short: "S",
		argument: "VERSION",
		help: "Take this release instead of the running kernel's",
	},
	syslog: { ...general, short: "s", help: "Write messages to syslog, not to standard error" },
	quiet: { ...general, short: "q", help: "Say nothing" },
	verbose: { ...general, short: "v", repeat: true, help: "Say more" },
} as const satisfies Options;

/** Deprecated spellings, each with the spelling that replaces it. */
const deprecated: Readonly<Record<string, string>> = {
	"--remove-dependencies": "--remove-holders",
	"--resolve-alias": "--show-alias",
	"--showconfig": "--show-config",
	"--dump-modversions": "--show-modversions",
	"--show": "--dry-run",
};

export function listDeprecated(occurrences: readonly Occurrence[]): string[] {
	return occurrences.flatMap(({ spelling }) => {
		const instead = deprecated[spelling];
		return instead === undefined ? [] : [`${spelling} is deprecated: use ${instead}`];
	});
}

/** Priorities of syslog(3): the verbosity after -q, and the verbosity without options. Each -v adds 1. */
const QUIET = 0;
const WARNING = 4;

/** The greatest priority number of syslog(3) whose messages are printed. From NOTICE (5) on, each step is printed too. */
export function readVerbosity(occurrences: readonly Occurrence[]): number {
	let verbosity = WARNING;
	for (const { key } of occurrences) {
		if (key === "quiet") verbosity = QUIET;
		else if (key === "verbose") verbosity++;
	}
	return verbosity;
}

/**
 * Parses milliseconds as strtoul(3) does with base 0 (decimal, octal or hexadecimal). Undefined when the text is not a number.
 */
export function parseWait(text: string): number | undefined {
	const [, sign, digits = ""] = /^[\t-\r ]*([-+]?)(0[xX][0-9a-fA-F]+|\d+)$/.exec(text) ?? [];
	const octal = /^0\d/.test(digits);
	if (digits === "" || (octal && /[89]/.test(digits))) return undefined;
	const value = octal ? Number.parseInt(digits, 8) : Number(digits);
	// strtoul(3) negates a negative number in the unsigned type, which gives a very long time.
	return sign === "-" && value > 0 ? Number.MAX_SAFE_INTEGER : Math.min(value, Number.MAX_SAFE_INTEGER);
}
