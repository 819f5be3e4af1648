// Runs the agent's commands: as children of this process, or through the companion process outside the agent's sandbox.
import { type CommandPool, type CommandPoolOptions, makeCommandPool } from "../../agent/commands/command-pool.js";
import { runByCompanion, runRuleByCompanion } from "../../agent/commands/companion.js";
import { attempt } from "../../agent/faults/skipped.js";
import { COMMAND_PATH } from "../../agent/policy/command-environment.js";
import type { Counted } from "../../agent/telling/metrics.js";
import type { Kernel } from "../../libkmod/kernel/kernel.js";
import { printable } from "../../libkmod/text/printable.js";
import type { OnSkipped } from "../../ports/skipping.js";
import type { Serving } from "./serving.js";

/**
 * A copy of the kernel that runs `install` commands through the companion when settings name its socket, and else as children.
 */
export function runInstallCommands({
	kernel,
	ports,
	settings,
}: Pick<Serving, "kernel" | "ports" | "settings">): Kernel {
	const { command_socket } = settings;
	if (command_socket !== "") return { ...kernel, run: runByCompanion(ports.ask, command_socket) };
	// The command gets the environment that the companion would give it, and none of this process's variables.
	const run: Kernel["run"] = (command, environment, flags) =>
		kernel.run(command, { PATH: COMMAND_PATH, ...environment }, { ...flags, inherits: false });
	return { ...kernel, run };
}

/** Opens the pool that runs the commands of policy rules. */
export function openCommandPool(serving: Serving, counted: Pick<Counted, "record">): CommandPool {
	const { machine, settings, journal } = serving;
	const told: OnSkipped = (what, { message }) =>
		machine.complain(`hotplugd run: ${printable(`${what}: ${message}`)}\n`);
	return makeCommandPool({
		run: runCommand(serving),
		atOnce: settings.commands_at_once,
		report(report) {
			attempt("a command's report for metrics", told, undefined, () => counted.record(report));
			attempt("a command's report for the log", told, undefined, () => journal.command(report));
		},
	});
}

function runCommand({ ports, settings: { command_socket } }: Serving): CommandPoolOptions["run"] {
	if (command_socket === "") return (command, onBegun) => ports.runCommand({ ...command, onBegun });
	return runRuleByCompanion(ports.ask, command_socket);
}
