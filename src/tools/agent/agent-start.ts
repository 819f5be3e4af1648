// What coldplug and the daemon know at their start: reads indexes, configuration and policy, and explains why the indexes could
// not be read.

import { withMasks } from "../../agent/decisions/decider.js";
import { policyDirectories, readPolicy } from "../../agent/policy/policy-files.js";
import type { Known } from "../../agent/service/reload.js";
import type { Settings } from "../../agent/settings/settings.js";
import { exitStatus } from "../../agent/telling/exit-status.js";
import { findMixture } from "../../libkmod/check/mixed-set.js";
import { MalformedIndex } from "../../libkmod/formats/index-file.js";
import { bounds } from "../../libkmod/kernel/bounds.js";
import { type Kernel, Refusal } from "../../libkmod/kernel/kernel.js";
import { ifReadable, isThere } from "../../libkmod/kernel/presence.js";
import { type Knowledge, knowNothing, MissingIndexes, readKnowledge } from "../../libkmod/knowledge/knowledge.js";
import { listUnheededLines } from "../../libkmod/knowledge/unheeded-lines.js";
import { explainRefusal } from "../../libkmod/text/explain-refusal.js";
import type { UeventSource } from "../../ports/uevents.js";
import { type AgentOptions, commandLineFileOf, moduleDirectoryOf, namedRoot } from "./agent-options.js";
import { StartFailure } from "./start-failure.js";
import { listSettingsProblems, readSettings } from "./start-settings.js";

export type Started = Known & { readonly settings: Settings };

/** @throws {StartFailure} */
export async function start(kernel: Kernel, options: AgentOptions, rulesDirectory: string): Promise<Started> {
	const settings = await readSettings(kernel, options);
	return { settings, ...(await readAll(kernel, options, settings, { source: "kernel", rulesDirectory })) };
}

export type PolicyPlace = { readonly source: UeventSource; readonly rulesDirectory: string };

/** Indexes, configuration and policy. @throws {StartFailure} */
export async function readAll(
	kernel: Kernel,
	options: AgentOptions,
	settings: Settings,
	place: PolicyPlace,
): Promise<Known> {
	try {
		return await withPolicy(readModules(kernel, options, settings), kernel, options, place);
	} catch (error) {
		const others = error instanceof MissingIndexes ? listOtherReleases(kernel, options) : [];
		throw new StartFailure(explainMissing(error, others), exitStatus.unable);
	}
}

/**
 * Indexes, configuration and policy, as from `readAll()`. When the indexes are absent, damaged or unreadable, the result has
 * empty knowledge whose `lacking` says why, and no error is thrown for them.
 */
export async function readWhatThereIs(
	kernel: Kernel,
	options: AgentOptions,
	settings: Settings,
	place: PolicyPlace,
): Promise<Known> {
	return withPolicy(await readModulesOrNothing(kernel, options, settings), kernel, options, place);
}

const NO_MODULES = "this kernel cannot load modules: it was built without them";

async function readModulesOrNothing(kernel: Kernel, options: AgentOptions, settings: Settings): Promise<Knowledge> {
	const directory = moduleDirectoryOf(kernel, options);
	if (await isWithoutModules(kernel)) return knowNothing(directory, { why: NO_MODULES, kind: "impossible" });
	try {
		return readModules(kernel, options, settings);
	} catch (error) {
		const why = error instanceof MissingIndexes ? error.lacking : explainMissing(error);
		return knowNothing(directory, { why, kind: error instanceof Refusal ? "refused" : "unusable" });
	}
}

/**
 * Whether the kernel was built without loadable modules. A missing /proc/modules is no proof, since a sandbox may hide that file:
 * only ENOSYS from an insertion proves it. /dev/null is never a module, so the trial inserts nothing.
 */
async function isWithoutModules(kernel: Kernel): Promise<boolean> {
	try {
		if (kernel.read("/proc/modules", bounds.loadedModules) !== undefined) return false;
		await kernel.insert("/dev/null", "");
		return false;
	} catch (error) {
		return error instanceof Refusal && error.code === "ENOSYS";
	}
}

function readModules(kernel: Kernel, options: AgentOptions, { honour_every_line }: Settings): Knowledge {
	const commandLineFile = commandLineFileOf(options);
	return readKnowledge(kernel, {
		root: namedRoot(options),
		moduleDirectory: moduleDirectoryOf(kernel, options),
		...(options.configPath.length > 0 && { configPaths: options.configPath }),
		...(commandLineFile !== undefined && { commandLineFile }),
		honourEveryLine: honour_every_line,
	});
}

async function withPolicy(
	knowledge: Knowledge,
	kernel: Kernel,
	options: AgentOptions,
	{ source, rulesDirectory }: PolicyPlace,
): Promise<Known> {
	const policy = await readPolicy(
		kernel,
		policyDirectories(namedRoot(options), rulesDirectory, options.policy),
		source,
	);
	const mixture = findMixture(kernel, knowledge.moduleDirectory);
	const problems = [
		...listSettingsProblems(kernel, options),
		...(mixture === undefined ? [] : [mixture]),
		...knowledge.problems,
		...listUnheededLines(knowledge),
		...policy.problems,
	];
	const read = [...knowledge.read, ...policy.read];
	return { knowledge: withMasks({ ...knowledge, problems, read }, policy.value), policy: policy.value };
}

/** The kernels whose modules another machine's root has, where the call names none of them. */
function listOtherReleases(kernel: Kernel, options: AgentOptions): readonly string[] {
	const root = namedRoot(options);
	if (root === "" || options.setVersion !== undefined) return [];
	const names = ifReadable(() => kernel.list(`${root}/lib/modules`)) ?? [];
	return names.filter((name) => isThere(kernel, `${root}/lib/modules/${name}/modules.dep.bin`)).toSorted();
}

function explainMissing(error: unknown, otherReleases: readonly string[] = []): string {
	if (error instanceof MissingIndexes && otherReleases.length > 0)
		return `${error.lacking}: it is there for ${otherReleases.join(", ")}, which -S (--set-version) takes`;
	if (error instanceof MissingIndexes)
		return `${error.lacking}: run depmod there, or ask a captured machine: ${CAPTURED_MACHINE}`;
	if (error instanceof MalformedIndex) return error.message;
	if (error instanceof Refusal) return explainRefusal({ operation: "read", subject: error.subject }, error.why);
	throw error;
}

/** The first command in the README. */
export const CAPTURED_MACHINE = "node dist/main.js coldplug --dry-run --cold --machine fixtures/machine.json";
