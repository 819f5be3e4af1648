// hotplugd run-install-command: the companion of an agent that runs in a sandbox. systemd starts one companion for each
// connection to hotplugd-command.socket. The agent sends a module's name, and the companion runs that module's `install` command
// from modprobe.d; or the agent sends the file and line of a policy rule, and the companion runs that rule's command.

import {
	type CompanionReply,
	type CompanionRequest,
	formatCompanionReply,
	formatProcess,
	LONGEST_COMPANION_LINE_BYTES,
	parseCompanionRequest,
	type RuleRequest,
} from "../../agent/commands/companion.js";
import { COMMAND_PATH, selectEnvironment } from "../../agent/policy/command-environment.js";
import { isAbout } from "../../agent/policy/policy.js";
import type { Known } from "../../agent/service/reload.js";
import { fillIn } from "../../libkmod/insertion/answer.js";
import { type Kernel, Refusal } from "../../libkmod/kernel/kernel.js";
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import { planInsertion } from "../../libkmod/planning/plan-insertion.js";
import { printable } from "../../libkmod/text/printable.js";
import type { Machine } from "../../ports/machine.js";
import type { UeventSource } from "../../ports/uevents.js";
import { defineTool } from "../command-line/command-line.js";
import { type AgentOptions, agentOptions } from "./agent-options.js";
import { readAll } from "./agent-start.js";
import { openMachine } from "./named-places.js";
import { complainOf } from "./start-failure.js";
import { readSettings } from "./start-settings.js";

const NAME = "hotplugd run-install-command";

export const runInstallCommand = defineTool({
	name: NAME,
	summary: "Runs a module's install command for an agent that asks for it (systemd starts this).",
	options: agentOptions,
	mostOperands: 0,
	async run({ options: asked }, machine) {
		try {
			const connection = await (await machine.service()).acceptConnection();
			const line = await connection.readLine(LONGEST_COMPANION_LINE_BYTES);
			const request = line && parseCompanionRequest(line);
			if (request === undefined) {
				machine.complain(`${NAME}: refused a request that asks for no command of a module or a rule\n`);
				await connection.answer(formatCompanionReply("failed"));
				return 1;
			}
			const onBegun = (pid: number) => request.tellsProcess && connection.tell(formatProcess(pid));
			const reply = await answer(request, asked, machine, onBegun);
			await connection.answer(formatCompanionReply(reply));
			return typeof reply === "string" ? 1 : 0;
		} catch (error) {
			if (error instanceof Refusal && error.operation === "accept") {
				machine.complain(`${NAME}: no connection was passed: hotplugd-command.socket starts this command\n`);
				return 2;
			}
			return complainOf(error, NAME, machine);
		}
	},
});

type InstallRequest = Exclude<CompanionRequest, RuleRequest>;

type ReadKnown = (source: UeventSource) => Promise<Known>;

type Running = {
	readonly kernel: Kernel;
	readonly machine: Machine;
	readonly readKnown: ReadKnown;
	readonly onBegun: (pid: number) => void;
};

/** Resolves with the reply, "failed" included: the agent waits for a reply even when the command could not be run. */
async function answer(
	request: CompanionRequest,
	asked: AgentOptions,
	machine: Machine,
	onBegun: Running["onBegun"],
): Promise<CompanionReply> {
	try {
		const { kernel, given } = await openMachine(machine, asked);
		const { rulesDirectory } = machine;
		const readKnown: ReadKnown = async (source) => {
			const settings = await readSettings(kernel, given);
			return await readAll(kernel, given, settings, { source, rulesDirectory });
		};
		const running = { kernel, machine, readKnown, onBegun };
		return await (request.kind === "rule" ? runRule(request, running) : runInstall(request, running));
	} catch (error) {
		complainOf(error, NAME, machine);
		return "failed";
	}
}

async function runInstall(
	{ module }: InstallRequest,
	{ kernel, machine, readKnown, onBegun }: Running,
): Promise<CompanionReply> {
	const command = findCommand((await readKnown("kernel")).knowledge, module);
	// The command inherits none of this process's variables: they come from the service manager.
	const environment = { PATH: COMMAND_PATH, MODPROBE_MODULE: module };
	if (command !== undefined) return await kernel.run(command, environment, { inherits: false, onBegun });
	machine.complain(`${NAME}: ${printable(module)} has no install command\n`);
	return "none";
}

/**
 * Runs a rule's command. A rule may hold for one uevent source alone, and the request does not name the source: both are tried.
 */
async function runRule(request: RuleRequest, { machine, readKnown, onBegun }: Running): Promise<CompanionReply> {
	const { file, line } = request;
	for (const source of ["udev", "kernel"] as const) {
		const { policy } = await readKnown(source);
		const rule = policy.run.find((one) => one.source.file === file && one.source.line === line);
		if (rule === undefined) continue;
		const { command, timeoutMilliseconds, environment: listed } = rule;
		const environment = selectEnvironment(Object.entries(request.environment), listed);
		if (!isAbout(rule, environment)) {
			machine.complain(
				`${NAME}: the rule in ${printable(file)} line ${line} is about other devices or actions than the request\n`,
			);
			return "none";
		}
		return (await machine.service()).runCommand({ command, timeoutMilliseconds, environment, onBegun });
	}
	machine.complain(`${NAME}: there is no rule that runs a command in ${printable(file)} line ${line}\n`);
	return "none";
}

/** The `install` command of a module, found by the same planning as in the agent. Undefined when the module has none. */
function findCommand(knowledge: Knowledge, module: string): string | undefined {
	for (const step of planInsertion(knowledge, [{ module, cause: { kind: "name" } }]))
		if (step.module === module && step.how === "run") return fillIn(step.command, step.parameters);
	return undefined;
}
