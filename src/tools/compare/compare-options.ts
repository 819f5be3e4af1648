// The options of compare.

import type { Machine } from "../../ports/machine.js";
import type { Options, Values } from "../command-line/options.js";

export const compareOptions = {
	kernel: {
		argument: "DIR",
		repeat: true,
		help: "Compare with the kernel whose module directory is DIR, or is below the root DIR, or whose release it is; given twice, compare those two",
	},
	config: {
		argument: "PATH",
		repeat: true,
		help: "Compare with this file or directory in place of modprobe.d; given twice, compare those two",
	},
	policy: {
		argument: "DIR",
		repeat: true,
		help: "Compare with the rules in DIR in place of the machine's; given twice, compare those two",
	},
	initramfs: {
		argument: "FILE",
		help: "Say whether this image has every driver on the way to the root disk",
	},
	setVersion: {
		short: "S",
		argument: "VERSION",
		help: "Take this kernel release of a machine, which may have several; with --initramfs, the release that boots with the image",
	},
	dirname: {
		short: "d",
		argument: "DIR",
		help: "Take the modules of captures from DIR/lib/modules, as for captures that hold digests of their indexes alone",
	},
	fleet: {
		argument: "FILE",
		help: "Compare each machine of FILE, a capture a line, under --kernel; - is standard input",
	},
	csv: { argument: "FILE", help: "With --fleet: write the results to FILE as a table, CSV" },
	parquet: { argument: "FILE", help: "With --fleet: write the results to FILE as a table, Parquet" },
	json: { help: "Print JSON, one record a line" },
	verbose: { short: "v", repeat: true, help: "Give each device a line of its own, and list those that have moved" },
} as const satisfies Options;

export type CompareOptions = Values<typeof compareOptions>;

/** One way to call the command. It resolves with the exit status. */
export type CompareForm = (given: CompareOptions, operands: readonly string[], machine: Machine) => Promise<number>;
