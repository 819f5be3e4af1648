// Command lines. A tool is a table of options and a function. getopt's rules (getopt.ts) read the words, yargs-parser makes the
// values, and yargs lays out --help. Loading yargs takes ten milliseconds, so only --help loads it.
import type { Argv } from "yargs";
import parser from "yargs-parser";
import { HotplugdError } from "../../libkmod/kernel/errors.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { printable } from "../../libkmod/text/printable.js";
import type { Machine } from "../../ports/machine.js";
import { kmodVersion, version } from "../../version.js";
import { type Occurrence, parseOptions } from "./getopt.js";
import { guard, oneLine } from "./guarded-machine.js";
import { formatLong, type Given, listSpellings, type Option, type Options, type Values } from "./options.js";
import type { Tool, ToolDefinition } from "./tool-definition.js";

export type { Tool } from "./tool-definition.js";

const MACHINE = "machine";

const ofCaptures = {
	[MACHINE]: {
		argument: "FILE",
		help: "Take the machine that FILE has captured (hotplugd capture) in place of this one",
	},
} as const satisfies Options;

/** The options of a command in the order of --help, without those that every command has. */
const ownOptions = <O extends Options>({
	options,
	captured,
}: Pick<ToolDefinition<O>, "captured" | "options">): Options =>
	captured === undefined ? options : { ...options, ...ofCaptures };

/** The two options that every command has. They end its table, as in kmod. */
const everywhere = {
	version: { short: "V", help: "Show the version and exit" },
	help: { short: "h", help: "Show this help and exit" },
} as const satisfies Options;

export function defineTool<const O extends Options>(definition: ToolDefinition<O>): Tool {
	const { name, summary, usage = ["[OPTION...]"] } = definition;
	const options = { ...ownOptions(definition), ...everywhere };
	return { name, summary, usage, options, start: (words, machine) => start(definition, words, machine) };
}

async function start<O extends Options>(
	tool: ToolDefinition<O>,
	words: readonly string[],
	given: Machine,
): Promise<number> {
	const machine = guard(given, tool.kmod === true);
	const options: Options = { ...ownOptions(tool), ...everywhere };
	const permute = !tool.stopAtOperand && machine.environment.POSIXLY_CORRECT === undefined;
	const scan = parseOptions(words, listSpellings(options), permute);
	const asked = scan.occurrences.find(({ key }) => key in everywhere);
	if (asked !== undefined) {
		const ownVersion = tool.kmod ? kmodVersion : `hotplugd ${version}`;
		machine.print(asked.key === "help" ? await formatHelp(tool, options) : `${tool.version ?? ownVersion}\n`);
		return 0;
	}
	const problem =
		scan.problem ?? findBadNumber(options, scan.occurrences) ?? findExcess(scan.operands, tool.mostOperands);
	if (problem !== undefined) return misuse(tool, explainOfCaptures(tool, problem), machine);
	const { occurrences, operands } = scan;
	try {
		const call = { options: parseValues(tool.options, occurrences), operands, occurrences };
		const file = occurrences.findLast(({ key }) => tool.captured !== undefined && key === MACHINE)?.argument;
		return file === undefined ? await tool.run(call, machine) : await runCaptured(tool, file, call, machine);
	} catch (error) {
		machine.complain(`${await explainEnd(tool, error, machine)}\n`);
		return 1;
	}
}

function misuse<O extends Options>(
	{ name, program = name, kmod }: ToolDefinition<O>,
	problem: string,
	machine: Machine,
): number {
	machine.complain(`${program}: ${kmod ? oneLine(machine, 2, problem) : printable(problem)}\n`);
	if (kmod) return 1;
	machine.complain(`Try '${name} --help'.\n`);
	return 2;
}

/** A command that does not take a captured machine says why. */
function explainOfCaptures<O extends Options>(
	{ captured, uncaptured = "changes it, or asks its running agent", name }: ToolDefinition<O>,
	problem: string,
): string {
	if (captured !== undefined || !/^unrecognized option '--machine(?:=|'$)/.test(problem)) return problem;
	return `--machine is taken by commands that only read a machine's state: ${name} ${uncaptured}`;
}

async function runCaptured<O extends Options>(
	tool: ToolDefinition<O>,
	file: string,
	given: Given<O>,
	machine: Machine,
): Promise<number> {
	const { openCapturedCall } = await import("./captured-call.js");
	const call = await openCapturedCall(tool, file, given, machine);
	if (!("problem" in call)) {
		for (const remark of call.machine.captured?.remarks ?? []) complainOfCapture(tool, "WARNING", remark, machine);
		return tool.run(call.given, call.machine);
	}
	if (call.isMisuse) return misuse(tool, call.problem, machine);
	complainOfCapture(tool, "ERROR", call.problem, machine);
	return 1;
}

function complainOfCapture<O extends Options>(
	{ name, program = name, kmod }: ToolDefinition<O>,
	level: "ERROR" | "WARNING",
	line: string,
	machine: Machine,
): void {
	machine.complain(`${program}: ${kmod ? `${level}: ${oneLine(machine, 2, line)}` : printable(line)}\n`);
}

/**
 * Codes of the library's own errors, which end a command with one line. With HOTPLUGD_DEBUG set they are thrown with their stack.
 */
const EXPLAINED = new Set(["ERR_MALFORMED_INDEX", "ERR_MALFORMED_MODULE", "ERR_MISSING_INDEXES", "ERR_NO_MODULE_FILE"]);

function isExplained(error: unknown): error is HotplugdError {
	if (error instanceof Refusal) return error.operation !== "write";
	return error instanceof HotplugdError && EXPLAINED.has(error.code);
}

/**
 * The message for an error that a command did not report itself. Rethrows any other error, and a failed write to standard output,
 * which the executable handles.
 */
async function explainEnd<O extends Options>(
	{ name, program = name, kmod }: ToolDefinition<O>,
	error: unknown,
	machine: Machine,
): Promise<string> {
	if (!isExplained(error) || machine.environment.HOTPLUGD_DEBUG !== undefined) throw error;
	const { explainRefusal } = await import("../../libkmod/text/explain-refusal.js");
	if (!kmod)
		return `${program}: ${printable(error instanceof Refusal ? explainRefusal(error, error.why) : error.message)}`;
	const { formatErrno } = await import("../../libkmod/text/error-text.js");
	const why = error instanceof Refusal ? explainRefusal(error, formatErrno(error)) : error.message;
	return `${program}: ERROR: ${oneLine(machine, 2, why)}`;
}

function findBadNumber(options: Options, occurrences: readonly Occurrence[]): string | undefined {
	const bad = occurrences.find(
		({ key, argument }) =>
			options[key]?.number && !(/^\d+$/.test(argument ?? "") && Number.isSafeInteger(Number(argument))),
	);
	return bad && `option '${bad.spelling}' takes a whole number, not '${bad.argument}'`;
}

function findExcess(operands: readonly string[], most = Number.POSITIVE_INFINITY): string | undefined {
	return operands.length > most ? `unexpected argument '${operands[most]}'` : undefined;
}

/** Makes the values with yargs-parser. The parser gets every option in one plain spelling, and its own guesses are turned off. */
function parseValues<O extends Options>(options: O, occurrences: readonly Occurrence[]): Values<O> {
	const rows = Object.entries<Option>(options);
	const keys = (wanted: (option: Option) => boolean | undefined): string[] =>
		rows.filter(([, option]) => wanted(option)).map(([key]) => key);
	const words = occurrences.map(({ key, argument }) => (argument === undefined ? `--${key}` : `--${key}=${argument}`));
	const parsed: Record<string, unknown> = parser(words, {
		boolean: keys(({ argument, repeat }) => argument === undefined && !repeat),
		count: keys(({ argument, repeat }) => argument === undefined && repeat),
		number: keys(({ number }) => number),
		string: keys(({ argument, number }) => argument !== undefined && !number),
		// With `narg` the parser takes one word as it is: without it, the parser would strip quotes around the word.
		narg: Object.fromEntries(keys(({ argument }) => argument !== undefined).map((key) => [key, 1])),
		configuration: {
			"boolean-negation": false,
			"camel-case-expansion": false,
			"dot-notation": false,
			"nargs-eats-options": true,
			"parse-numbers": false,
		},
	});
	return Object.fromEntries(rows.map(([key, option]) => [key, finish(option, parsed[key])])) as Values<O>;
}

/** Converts a parsed value to the type that the table promises: the parser makes a list of an option that was given twice. */
function finish(option: Option, parsed: unknown): unknown {
	if (option.argument === undefined) return option.repeat ? Number(parsed) : Boolean(parsed);
	const all = parsed === undefined ? [] : [parsed].flat();
	return option.repeat ? all : all.at(-1);
}

/** Formats --help: the usage in kmod's layout, then the table of options in yargs' layout. */
async function formatHelp<O extends Options>(tool: ToolDefinition<O>, options: Options): Promise<string> {
	const { default: yargs } = await import("yargs");
	// The types of yargs lack usageConfiguration.
	const help = yargs([]) as Argv & { usageConfiguration(wanted: { "hide-types": boolean }): Argv };
	help.usageConfiguration({ "hide-types": true });
	help.parserConfiguration({ "camel-case-expansion": false, "dot-notation": false });
	help.scriptName(tool.name).locale("en").version(false).help(false);
	const shown = Object.entries(options).filter(([, { hidden }]) => !hidden);
	for (const [key, { help: describe, group = "Options:", short, also = [], argument }] of shown) {
		// The argument's name becomes part of the key, since yargs prints the key unchanged.
		const long = formatLong(key) + (argument === undefined ? "" : `=${argument}`);
		const alias = [...(short === undefined ? [] : [short]), ...also];
		// yargs would print the letter of -0, a digit, as a long name, unless the option is a flag.
		help.option(long, { describe, group, alias, ...(argument === undefined && { type: "boolean" }) });
	}
	const uses = (tool.usage ?? ["[OPTION...]"]).map((use) => `\t${tool.name} ${use}\n`).join("");
	const table = await help.wrap(Math.min(100, help.terminalWidth() || 80)).getHelp();
	// The epilogue is appended here, since yargs would wrap the lines of a table in it.
	const epilogue = tool.epilogue === undefined ? "" : `\n${await tool.epilogue()}\n`;
	return `${tool.summary}\n\nUsage:\n${uses}\n${table}\n${epilogue}`;
}
