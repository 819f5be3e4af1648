// hotplugd run-install-command: the companion of an agent in a sandbox. systemd starts one for each connection to
// hotplugd-command.socket; it is told a module's name, and runs that module's `install` command as modprobe.d has it.
import {
	type CompanionReply,
	formatCompanionReply,
	LONGEST_COMPANION_LINE,
	parseCompanionRequest,
} from "../agent/companion.js";
import { type Kernel, Refusal } from "../libkmod/kernel.js";
import type { Knowledge } from "../libkmod/knowledge.js";
import { planInsertion } from "../libkmod/plan-insertion.js";
import { agentOptions, complainOf, readAll, readSettings } from "./agent-start.js";
import { defineTool } from "./command-line.js";
import type { Machine } from "./machine.js";

const NAME = "hotplugd run-install-command";

export const runInstallCommand = defineTool({
	name: NAME,
	summary: "Runs a module's install command for an agent that asks for it (systemd starts this).",
	options: agentOptions,
	mostOperands: 0,
	async run({ options: given }, machine) {
		try {
			const connection = await (await machine.service()).acceptConnection();
			const line = await connection.readLine(LONGEST_COMPANION_LINE);
			const request = line && parseCompanionRequest(line);
			if (request === undefined) {
				machine.complain(`${NAME}: refused what is no request to run a module's command\n`);
				await connection.answer(formatCompanionReply("failed"));
				return 1;
			}
			const kernel = await machine.kernel();
			const { rulesDirectory } = machine;
			const reply = await answer(request.module, kernel, machine, async () => {
				const settings = await readSettings(kernel, given.config);
				return (await readAll(kernel, given, settings, { source: "kernel", rulesDirectory })).knowledge;
			});
			await connection.answer(formatCompanionReply(reply));
			return typeof reply === "number" ? 0 : 1;
		} catch (error) {
			if (error instanceof Refusal && error.operation === "accept") {
				machine.complain(`${NAME}: no connection was passed: it is started by hotplugd-command.socket\n`);
				return 2;
			}
			throw error;
		}
	},
});

async function answer(
	module: string,
	kernel: Kernel,
	machine: Machine,
	readKnowledge: () => Promise<Knowledge>,
): Promise<CompanionReply> {
	try {
		const command = findCommand(await readKnowledge(), module);
		if (command !== undefined) return await kernel.run(command, { MODPROBE_MODULE: module });
		machine.complain(`${NAME}: ${module} has no install command\n`);
		return "none";
	} catch (error) {
		complainOf(error, NAME, machine);
		return "failed";
	}
}

/** As the agent itself would find it. */
function findCommand(knowledge: Knowledge, module: string): string | undefined {
	for (const step of planInsertion(knowledge, [{ module, cause: { kind: "name" } }]))
		if (step.module === module && step.how === "run")
			return step.command.replaceAll("$CMDLINE_OPTS", () => step.parameters);
	return undefined;
}
