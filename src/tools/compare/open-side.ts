// Opens one side of a comparison: reads a machine's indexes, configuration, policy and devices.

import { concernOf } from "../../agent/commands/commands.js";
import { type NamedPlace, ownKernel } from "../../agent/comparing/side-names.js";
import type { Side } from "../../agent/comparing/sides.js";
import type { Policy } from "../../agent/policy/policy.js";
import { exitStatus } from "../../agent/telling/exit-status.js";
import type { Kernel, ModuleFiles } from "../../libkmod/kernel/kernel.js";
import { isThere } from "../../libkmod/kernel/presence.js";
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import { baseName } from "../../libkmod/text/base-name.js";
import type { PresentDevice } from "../../ports/devices.js";
import type { Machine } from "../../ports/machine.js";
import type { OnSkipped } from "../../ports/skipping.js";
import { type AgentOptions, commandLineFileOf, namedRoot } from "../agent/agent-options.js";
import { start } from "../agent/agent-start.js";
import { openMachine } from "../agent/named-places.js";
import { formatProblem, StartFailure } from "../agent/start-failure.js";
import { pathFromHere } from "../command-line/module-directory.js";
import { fileFinder, readKernelBlacklist } from "../explain/explain-facts.js";
import type { SidePlace } from "./compared-places.js";
import { explainChoice, layOver, listReleases, type NamedKernel, openNamedKernel } from "./named-kernel.js";
import { openPlace, type PlaceRequest } from "./open-place.js";

export type OpenedSide = Side &
	NamedPlace & {
		/** The machine's files, and the root below which they lie. */
		readonly kernel: Kernel;
		readonly root: string;
		/** Whether it is a captured machine. */
		readonly isCaptured: boolean;
	};

export type SideRequest = PlaceRequest & {
	readonly onSkipped: OnSkipped;
	/** A side of the same machine: its devices count, so that nothing that comes up meanwhile is a difference. */
	readonly beside?: OpenedSide | undefined;
};

/** @throws {StartFailure} @throws {Refusal} */
export async function openSide(host: Machine, place: SidePlace, request: SideRequest): Promise<OpenedSide> {
	await refuseAbsent(host, place);
	const { machine, dirname } = await openPlace(host, place, request);
	const opened = await openMachine(machine, optionsFor(machine, { ...place, machine: dirname }));
	const root = namedRoot(opened.given);
	const named = place.kernel === undefined ? undefined : await openKernelOf(host, place.kernel, root, request);
	const kernel = named === undefined ? opened.kernel : layOver(opened.kernel, named);
	const chosen = named?.release ?? request.release ?? chooseRelease(kernel, root, place);
	const given = { ...opened.given, setVersion: chosen, moduleDirectory: named?.moduleDirectory };
	const { knowledge: read, policy } = await start(kernel, given, machine.rulesDirectory);
	const knowledge = withRoot(read, named);
	for (const problem of knowledge.problems) machine.complain(`hotplugd compare: ${formatProblem(problem)}\n`);
	return {
		...nameOf(place, knowledge),
		release: chosen ?? kernel.release,
		...{ knowledge, policy, kernel, root },
		isCaptured: machine.captured !== undefined,
		lacks: listLacking(machine, place),
		kernelBlacklist: readKernelBlacklist(kernel, commandLineFileOf(given)),
		isFileThere: fileFinder(kernel, knowledge, named !== undefined || root !== "" || machine.captured !== undefined),
		devices: request.beside?.devices ?? (await listPresent(machine, root, policy, request.onSkipped)),
	};
}

/** A side of a path that leads nowhere would be one without lines, or without rules. @throws {StartFailure} */
async function refuseAbsent(host: Machine, place: SidePlace): Promise<void> {
	const files = await host.kernel();
	for (const option of ["config", "policy"] as const) {
		const path = place[option];
		if (path !== undefined && !isThere(files, pathFromHere(host, path)))
			throw new StartFailure(`--${option} ${path}: there is no such file or directory`, exitStatus.usage);
	}
}

const openKernelOf = (machine: Machine, word: string, root: string, { release }: SideRequest): Promise<NamedKernel> =>
	openNamedKernel(machine, word, { release, ofMachine: root });

/** What of a captured machine decides which modules are loaded, unless an option takes its place. */
function listLacking({ captured }: Machine, { config, policy }: SidePlace): readonly string[] {
	const deciding = [
		...(config === undefined ? ["/etc/modprobe.d"] : []),
		...(policy === undefined ? ["/etc/hotplugd/rules.d"] : []),
		"/proc/cmdline",
	];
	return deciding.filter((path) => captured?.lacks(path) === true);
}

async function listPresent(
	machine: Machine,
	root: string,
	policy: Policy,
	onSkipped: OnSkipped,
): Promise<readonly PresentDevice[]> {
	const sources = await machine.devices(`${root}/sys`, { root });
	return [...sources.present(concernOf(policy), onSkipped)];
}

function optionsFor(machine: Machine, { machine: dirname, config, policy }: SidePlace): AgentOptions {
	return {
		dirname,
		setVersion: undefined,
		configPath: config === undefined ? [] : [pathFromHere(machine, config)],
		config: undefined,
		policy: policy === undefined ? [] : [pathFromHere(machine, policy)],
		dryRun: true,
	};
}

/** The one kernel that another machine's root has. Undefined for this machine. @throws {StartFailure} */
function chooseRelease(kernel: Kernel & ModuleFiles, root: string, { machine }: SidePlace): string | undefined {
	if (root === "") return undefined;
	const releases = listReleases(kernel, root);
	const [only, ...others] = releases;
	if (only !== undefined && others.length === 0) return only;
	throw new StartFailure(`${machine}: ${explainChoice(releases, undefined)}`, exitStatus.usage);
}

/** Absolute paths of the named kernel's modules.dep lie below its own root. */
function withRoot(knowledge: Knowledge, named: NamedKernel | undefined): Knowledge {
	return named === undefined ? knowledge : { ...knowledge, root: named.root };
}

/** Sides are called by what they differ in: two kernels by their releases. */
function nameOf({ word, machine, differs }: SidePlace, { moduleDirectory }: Knowledge): NamedPlace {
	if (differs === "kernel") {
		const release = baseName(moduleDirectory);
		return { name: release, place: word ?? ownKernel(release) };
	}
	const called = word ?? machine ?? "this machine";
	const name = called === "-" ? "standard input" : called;
	return { name, place: name };
}
