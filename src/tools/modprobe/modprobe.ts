// modprobe(8): inserts modules with their dependencies, removes modules, and prints what it would do.

import { MalformedIndex } from "../../libkmod/formats/index-file.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { openKmod } from "../../libkmod/kmod/kmod.js";
import { formatErrno } from "../../libkmod/text/error-text.js";
import { explainRefusal } from "../../libkmod/text/explain-refusal.js";
import type { Machine } from "../../ports/machine.js";
import { defineTool, type Tool } from "../command-line/command-line.js";
import { openMessages, priorities, type Say } from "../command-line/messages.js";
import type { Given } from "../command-line/options.js";
import { type Call, Fatal, isOfReader } from "./call.js";
import { honoursEveryLine, reportConfiguration } from "./configuration.js";
import { optionsForChildren, splitOptions } from "./environment.js";
import { insertAsked } from "./insertion.js";
import { listDeprecated, modprobeOptions, parseWait, readVerbosity } from "./options.js";
import { showConfig, showExports, showModversions, wantsFile } from "./query.js";
import { remove } from "./removal.js";

const tool = defineTool({
	name: "modprobe",
	summary: "Inserts modules with all modules that they need, and removes them.",
	usage: [
		"[OPTION...] MODULE [PARAMETER=VALUE...]",
		"[OPTION...] -a MODULE...",
		"[OPTION...] -r MODULE...",
		"[OPTION...] -R|-D MODULE",
		"[OPTION...] -c",
		"--show-modversions|--show-exports MODULE|FILE",
	],
	kmod: true,
	options: modprobeOptions,
	captured: {
		root: "dirname",
		release: "setVersion",
		needsIndexes: () => true,
		refuse: ({ options }) => (onlyReads(options) ? undefined : NOT_CAPTURED),
	},
	async run(given, machine) {
		const verbosity = readVerbosity(given.occurrences);
		const sayAny = await openMessages(machine, { program: "modprobe", syslog: given.options.syslog, least: "DEBUG" });
		const say: Say = (severity, text) => {
			if (priorities[severity] <= verbosity) sayAny(severity, text);
		};
		for (const warning of listDeprecated(given.occurrences)) say("WARNING", warning);
		const fault = findFault(given);
		if (fault !== undefined) {
			say("ERROR", fault);
			return 1;
		}
		const explain = (text: string): void => {
			if (priorities.ERROR <= verbosity) sayAny("NOTICE", text);
		};
		try {
			const call = await makeCall(given, machine, { say, explain, verbosity });
			return await chooseAction(call)(call);
		} catch (error) {
			if (error instanceof Fatal) return 1;
			if (error instanceof MalformedIndex) say("ERROR", error.message);
			else if (error instanceof Refusal && !isOfReader(error)) say("ERROR", explainRefusal(error, formatErrno(error)));
			else throw error;
			return 1;
		}
	},
});

/** The modprobe command. The words of MODPROBE_OPTIONS precede those of the command line. */
export const modprobe: Tool = {
	...tool,
	start: (words, machine) =>
		tool.start([...splitOptions(machine.environment.MODPROBE_OPTIONS ?? ""), ...words], machine),
};

const NOT_CAPTURED =
	"--machine names a machine that nothing can be changed in: it needs -n, -D, -R, -c or another query";

const onlyReads = (given: ModprobeGiven["options"]): boolean =>
	given.dryRun ||
	given.showDepends ||
	given.showAlias ||
	given.showConfig ||
	given.showModversions ||
	given.showExports;

type ModprobeGiven = Given<typeof modprobeOptions>;

function findFault({ options, operands, occurrences }: ModprobeGiven): string | undefined {
	const wait = occurrences.find(({ key, argument = "" }) => key === "wait" && parseWait(argument) === undefined);
	if (wait !== undefined) return `unexpected wait value '${wait.argument}'.`;
	return operands.length === 0 && !options.showConfig ? "missing parameters. See -h." : undefined;
}

function chooseAction({ given }: Call): (call: Call) => number | Promise<number> {
	if (given.showConfig) return showConfig;
	if (given.showModversions) return showModversions;
	if (given.showExports) return showExports;
	return given.remove || given.removeHolders ? remove : insertAsked;
}

type Saying = Pick<Call, "say" | "explain"> & { readonly verbosity: number };

async function makeCall(
	{ options: given, operands, occurrences }: ModprobeGiven,
	machine: Machine,
	{ say, explain, verbosity }: Saying,
): Promise<Call> {
	const kernel = await machine.kernel();
	const kmod = openKmod(kernel, {
		// As in kmod, -d names the root for the modules alone: the configuration is this machine's.
		moduleDirectory: `${given.dirname ?? ""}/lib/modules/${given.setVersion ?? kernel.release}`,
		...(given.config.length > 0 && { configPaths: given.config }),
		workingDirectory: () => machine.workingDirectory(),
		honourEveryLine: await honoursEveryLine(kernel, machine, say),
		log: ({ level, message }) => say(level === "error" ? "ERROR" : "WARNING", message),
	});
	// The indexes are read here, when they are needed, so that their problems are reported together with those of the
	// configuration.
	if (!wantsFile({ kmod, kernel, given, operands })) kmod.knowledge();
	reportConfiguration(kmod.problems(), machine, say);
	const inherited = machine.environment.MODPROBE_OPTIONS;
	const forChildren = optionsForChildren(inherited, occurrences);
	return {
		...{ kmod, kernel, given, operands, machine, say, explain },
		printing: verbosity >= priorities.NOTICE || given.showDepends || (given.dryRun && !given.quiet),
		gravity: given.all ? "WARNING" : "FATAL",
		runCommand: (command, module) =>
			kernel.run(command, { MODPROBE_MODULE: module, ...(forChildren !== "" && { MODPROBE_OPTIONS: forChildren }) }),
	};
}
