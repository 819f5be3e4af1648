import test from "ava";
import type { Machine } from "../../../src/ports/machine.js";
import { defineTool } from "../../../src/tools/command-line/command-line.js";
import { version } from "../../../src/version.js";

const table = {
	all: { short: "a", help: "Every one of them", group: "What:" },
	dryRun: { short: "n", also: ["show"], help: "Do nothing" },
	dirname: { short: "d", argument: "DIR", help: "Look under DIR" },
	config: { short: "C", argument: "FILE", repeat: true, help: "Read FILE" },
	verbose: { short: "v", repeat: true, help: "Say more" },
	wait: { short: "w", argument: "MSEC", number: true, help: "Wait so long" },
	noColor: { help: "Plain" },
} as const;

/** Runs a tool with the table of options. Returns its output, its messages, its exit status and the values that it got. */
async function run(words: readonly string[], more: object = {}, environment: Machine["environment"] = {}) {
	const out = { printed: "", complained: "", status: -1, given: undefined as unknown };
	// The rest of the machine is for tools: the parser of a command line does not use it.
	const machine = {
		environment,
		print: (text: string) => {
			out.printed += text;
		},
		complain: (text: string) => {
			out.complained += text;
		},
	} as Partial<Machine> as Machine;
	const tool = defineTool({
		name: "probe",
		summary: "Probes",
		options: table,
		...more,
		run: async ({ options, operands }) => {
			// Each of these lines compiles only if the table gives the option its type.
			const flags: boolean[] = [options.all, options.dryRun, options.noColor];
			const dirname: string | undefined = options.dirname;
			const config: readonly string[] = options.config;
			const numbers: [number, number | undefined] = [options.verbose, options.wait];
			out.given = { flags, dirname, config, numbers, operands };
			return 7;
		},
	});
	out.status = await tool.start(words, machine);
	return out;
}

test("options that were not given are false, 0, empty or undefined", async (t) => {
	const { given, status } = await run([]);
	t.is(status, 7);
	t.deepEqual(given, {
		flags: [false, false, false],
		dirname: undefined,
		config: [],
		numbers: [0, undefined],
		operands: [],
	});
});

test("values have the types of the table: the last counts, the repeated are collected, flags are counted", async (t) => {
	const { given } = await run(["-avvn", "-d/a", "--dirn=/b", "-Cx", "m", "--conf", "y", "-w", "0250", "-v", "--show"]);
	t.deepEqual(given, {
		flags: [true, true, false],
		dirname: "/b",
		config: ["x", "y"],
		numbers: [3, 250],
		operands: ["m"],
	});
});

test("arguments arrive as they were written", async (t) => {
	const odd = ["", "'q'", '"1"', "--", "--all", "-d", "a=b", "08", "1e3", "true", "é\n", "__proto__", "x.y"];
	const { given } = await run([
		...odd.flatMap((word) => ["-C", word]),
		...odd.map((word) => `--dirname=${word}`),
		"--",
		...odd,
	]);
	t.like(given, { config: odd, dirname: "x.y", operands: odd });
});

test("an option called no-something is no negation", async (t) => {
	t.like((await run(["--no-color"])).given, { flags: [false, false, true] });
});

test("operands end the options where POSIXLY_CORRECT or the tool says so", async (t) => {
	t.like((await run(["m", "-a"])).given, { operands: ["m"] });
	t.like((await run(["m", "-a"], {}, { POSIXLY_CORRECT: "" })).given, { operands: ["m", "-a"] });
	t.like((await run(["m", "-a"], { stopAtOperand: true })).given, { operands: ["m", "-a"] });
});

test("a usage error is one line as getopt_long words it, and where to find help", async (t) => {
	t.like(await run(["-ax"]), {
		status: 2,
		printed: "",
		complained: "probe: invalid option -- 'x'\nTry 'probe --help'.\n",
		given: undefined,
	});
});

test("under kmod's manners a usage error is that line alone, and 1", async (t) => {
	t.like(await run(["--foo"], { kmod: true }), { status: 1, complained: "probe: unrecognized option '--foo'\n" });
});

for (const value of ["1e3", "-1", "", "9".repeat(20), "3ms"])
	test(`a number is not '${value}'`, async (t) => {
		const { complained, status } = await run([`--wait=${value}`]);
		t.is(status, 2);
		t.is(complained.split("\n")[0], `probe: option '--wait' takes a whole number, not '${value}'`);
	});

test("too many operands are refused by the first that is too much", async (t) => {
	t.like(await run(["a", "b"], { mostOperands: 1 }), {
		status: 2,
		complained: "probe: unexpected argument 'b'\nTry 'probe --help'.\n",
	});
});

test("--help lists every option with its argument, by group, on standard output", async (t) => {
	const { status, printed, complained } = await run(["--he"], { usage: ["[-a] MODULE...", "-n MODULE"] });
	t.is(status, 0);
	t.is(complained, "");
	t.is(
		printed,
		`Probes

Usage:
	probe [-a] MODULE...
	probe -n MODULE

What:
  -a, --all  Every one of them

Options:
  -n, --dry-run, --show  Do nothing
  -d, --dirname=DIR      Look under DIR
  -C, --config=FILE      Read FILE
  -v, --verbose          Say more
  -w, --wait=MSEC        Wait so long
      --no-color         Plain
  -V, --version          Show the version and exit
  -h, --help             Show this help and exit
`,
	);
});

test("what comes first counts: help, version or a mistake", async (t) => {
	t.like(await run(["-V", "-x"]), { status: 0, printed: `hotplugd ${version}\n`, complained: "" });
	t.like(await run(["-V", "-h"], { version: "kmod version 30" }), { status: 0, printed: "kmod version 30\n" });
	t.like(await run(["-x", "-V"]), { status: 2, printed: "" });
});
