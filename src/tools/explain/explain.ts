// hotplugd explain: why a module is loaded or not, and why a device has its driver or none. The first line of each subject is the
// answer with its cause and place; the chain that led to it follows as a tree.

import { explainSubject, listConcerned } from "../../agent/explaining/explain-subject.js";
import type { Explanation } from "../../agent/explaining/explanation.js";
import { situate } from "../../agent/explaining/facts.js";
import { joinAddresses, resolveSubject, type Topic } from "../../agent/explaining/subject.js";
import { worstStatus } from "../../agent/explaining/verdicts.js";
import type { Machine } from "../../ports/machine.js";
import { otherModules } from "../agent/agent-options.js";
import { openMachine } from "../agent/named-places.js";
import { complainOf } from "../agent/start-failure.js";
import { defineTool } from "../command-line/command-line.js";
import { readFacts } from "./explain-facts.js";
import { readModules } from "./explain-files.js";
import { type ExplainOptions, explainOptions } from "./explain-options.js";
import { printExplanations } from "./explain-print.js";

const USAGE = 2;

/** One command with two names. */
const define = (name: string, summary: string) =>
	defineTool({
		name: `hotplugd ${name}`,
		summary,
		usage: ["[OPTION...] SUBJECT..."],
		options: explainOptions,
		captured: {
			...otherModules,
			needsIndexes: () => true,
			refuse({ options: { sysfs, socket } }) {
				if (sysfs !== undefined) return "--machine and --sysfs exclude each other";
				return socket === undefined ? undefined : "--socket asks an agent of this host: --machine excludes it";
			},
		},
		async run({ options: given, operands }, machine) {
			if (operands.length === 0) {
				machine.complain(`hotplugd ${name}: missing subject: a module, an alias, a device or its ids\n`);
				machine.complain(`Try 'hotplugd ${name} --help'.\n`);
				return USAGE;
			}
			try {
				return await explainWords(joinAddresses(operands), given, machine);
			} catch (error) {
				return complainOf(error, `hotplugd ${name}`, machine);
			}
		},
	});

export const explain = define(
	"explain",
	"Says why a module is loaded or not, and why a device has its driver or none.",
);

export const why = define("why", "Says why a module is loaded or not, as hotplugd explain does.");

async function explainWords(words: readonly string[], asked: ExplainOptions, machine: Machine): Promise<number> {
	const { kernel, given } = await openMachine(machine, { ...asked, dryRun: true });
	const read = await readFacts(words, given, machine, kernel);
	const subjects: readonly Topic[] = words.map((word) => resolveSubject(word, read));
	const situated = situate(read);
	const concerned = new Set(subjects.flatMap((subject) => listConcerned(situated, subject)));
	const modules = await readModules(kernel, situated, concerned, read.isHere);
	const explanations: readonly Explanation[] = subjects.flatMap((one) => explainSubject({ ...situated, modules }, one));
	const directory = read.knowledge.moduleDirectory;
	await printExplanations(explanations, { ...given, directory }, machine);
	return worstStatus(explanations.map(({ judgement }) => judgement));
}
