// How the agent's commands are run: in this process's own environment, or by the companion outside of its sandbox.
import { type CommandPool, type CommandPoolOptions, makeCommandPool } from "../../agent/commands/command-pool.js";
import { runByCompanion, runRuleByCompanion } from "../../agent/commands/companion.js";
import { attempt } from "../../agent/faults/skipped.js";
import { COMMAND_PATH } from "../../agent/policy/command-environment.js";
import type { Counted } from "../../agent/telling/metrics.js";
import type { Kernel } from "../../libkmod/kernel/kernel.js";
import { printable } from "../../libkmod/text/printable.js";
import type { OnSkipped } from "../../ports/skipping.js";
import type { Serving } from "./serving.js";

/** The kernel, whose `install` commands are run so. */
export function runInstallCommands({
	kernel,
	ports,
	settings,
}: Pick<Serving, "kernel" | "ports" | "settings">): Kernel {
	const { command_socket } = settings;
	if (command_socket !== "") return { ...kernel, run: runByCompanion(ports.ask, command_socket) };
	// The same environment as by the companion, whoever started this process.
	const run: Kernel["run"] = (command, environment, flags) =>
		kernel.run(command, { PATH: COMMAND_PATH, ...environment }, { ...flags, inherits: false });
	return { ...kernel, run };
}

/** Policy's commands. */
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
