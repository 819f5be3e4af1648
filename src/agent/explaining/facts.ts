// What `explain` knows when it begins: the knowledge of the modules, policy, the devices with their decisions, the live modules, and
// what was read of the machine. Pure functions make everything else from these facts.

import type { Evidence } from "../../libkmod/evidence/evidence.js";
import { MalformedIndex } from "../../libkmod/formats/index-file.js";
import type { Source } from "../../libkmod/formats/modprobe-config.js";
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import { type Found, lookUp } from "../../libkmod/knowledge/lookup.js";
import { planInsertion, type Step } from "../../libkmod/planning/plan-insertion.js";
import type { PresentDevice } from "../../ports/devices.js";
import type { Inspection, Unreadable } from "../../ports/inspection.js";
import { type Decision, listWanted, type Match, makeDecider } from "../decisions/decider.js";
import type { Policy } from "../policy/policy.js";
import type { DeferredDevice } from "./deferred-devices.js";
import type { LastAnswer, ModuleStanding, NamedDevice } from "./explanation.js";
import type { FirmwareQuestion, FirmwareVerdict } from "./firmware-verdict.js";
import type { KernelFinding } from "./kernel-findings.js";
import type { OtherKernels } from "./other-kernels.js";

/** What was read of one module's file, and found out about it. */
export type FileFacts = {
	/** The names of the firmware files that the module may ask for. */
	readonly firmware: readonly string[];
	/** Why the kernel would refuse the module, before anybody tries. */
	readonly predicted?: Evidence | undefined;
	/** Why the kernel refused the module when it was last tried. */
	readonly evidence?: Evidence | undefined;
};

export type Facts = {
	readonly knowledge: Knowledge;
	readonly policy: Policy;
	/** The devices of the walk. */
	readonly devices: readonly PresentDevice[];
	/** Whether there were no devices to look at, as in the root of a machine without its /sys. False when absent. */
	readonly withoutDevices?: boolean | undefined;
	/** The kernel release whose modules these are. */
	readonly release: string;
	/** The names of the live modules, and of those whose init runs. Undefined for a machine whose kernel does not run here. */
	readonly live: ReadonlySet<string> | undefined;
	readonly loading: ReadonlySet<string>;
	/** What the machine shows of its devices. Undefined for a machine that shows nothing. */
	readonly inspection: Inspection | undefined;
	/** By module. */
	readonly answers: ReadonlyMap<string, LastAnswer>;
	/** By module: what the files say. Only modules that are explained are read. */
	readonly modules: ReadonlyMap<string, FileFacts>;
	/** The names in module_blacklist= of the kernel command line, and its file. */
	readonly kernelBlacklist: { readonly file: string; readonly modules: ReadonlySet<string> };
	/** What the kernel's log tells, and the devices whose probe is put off. Read when first asked for. */
	findings(): readonly KernelFinding[] | Unreadable;
	deferred(): readonly DeferredDevice[] | Unreadable;
	judgeFirmware(question: FirmwareQuestion): FirmwareVerdict;
	/** The other kernels and their modules for an alias, as far as their indexes can be searched. */
	otherKernels(alias: string): OtherKernels;
	/** By module: the line of modules-load.d. */
	readonly modulesLoad: ReadonlyMap<string, Source>;
	/** Whether a module's file is there, given its path. */
	isFileThere(path: string): boolean;
	/** The name of a device in words. Undefined when the system has none. */
	nameOf(device: Pick<PresentDevice, "devpath" | "aliases">): string | undefined;
};

/** A match of a device's alias. */
export type AskingDevice = { readonly device: PresentDevice; readonly decision: Decision; readonly match: Match };

/** A device that policy leaves alone. */
export type Ignored = {
	readonly device: PresentDevice;
	readonly alias: string;
	readonly pattern: string;
	readonly source: Source;
};

/** The facts with the decisions for all devices, which several subjects share. */
export type Situated = Facts & {
	/** By devpath, in the order of the walk. */
	readonly decisions: ReadonlyMap<string, readonly Decision[]>;
	/** By module: the matches of all devices, kept out or not. */
	readonly asking: ReadonlyMap<string, readonly AskingDevice[]>;
	/** By module: the first device that would ask for it, had a rule of policy not left the device alone. */
	readonly ignored: ReadonlyMap<string, Ignored>;
	/** By module: the step of the plan for everything that the devices want. */
	readonly plan: ReadonlyMap<string, Step>;
};

/** Takes the decisions for all devices, and plans what they want as if nothing were live. */
export function situate(facts: Facts): Situated {
	const decide = makeDecider(facts.knowledge, facts.policy, () => undefined);
	const decisions = new Map<string, readonly Decision[]>();
	const asking = new Map<string, AskingDevice[]>();
	for (const device of facts.devices) {
		const ofDevice = decide(device);
		decisions.set(device.devpath, ofDevice);
		for (const decision of ofDevice)
			for (const match of decision.matches) {
				const known = asking.get(match.found.module);
				if (known === undefined) asking.set(match.found.module, [{ device, decision, match }]);
				else known.push({ device, decision, match });
			}
	}
	const wanted = listWanted([...decisions.values()].flat());
	const plan = new Map(planInsertion(facts.knowledge, wanted).map((step) => [step.module, step]));
	return { ...facts, decisions, asking, plan, ignored: listIgnored(facts, decisions) };
}

function listIgnored(
	{ devices, knowledge }: Facts,
	decisions: ReadonlyMap<string, readonly Decision[]>,
): ReadonlyMap<string, Ignored> {
	const all = new Map<string, Ignored>();
	for (const device of devices)
		for (const { alias, ignored } of decisions.get(device.devpath) ?? [])
			if (ignored !== undefined)
				for (const { module, pattern } of lookUpReadable(knowledge, alias))
					if (!all.has(module)) all.set(module, { device, alias, pattern, source: ignored });
	return all;
}

/** The modules for a name or alias. Empty when the index is damaged. */
export function lookUpReadable(knowledge: Knowledge, alias: string): readonly Found[] {
	try {
		return lookUp(knowledge, alias);
	} catch (error) {
		if (error instanceof MalformedIndex) return [];
		throw error;
	}
}

export function standingOf({ live, loading, knowledge }: Facts, module: string): ModuleStanding {
	if (live?.has(module)) return "live";
	if (loading.has(module)) return "loading";
	if (isBuiltinAlone(knowledge, module)) return "built in";
	return live === undefined ? "unknown" : "not loaded";
}

/** Whether the module is in the kernel itself, and has no file. */
export function isBuiltinAlone(knowledge: Knowledge, module: string): boolean {
	return knowledge.file(module) === undefined && knowledge.isBuiltin(module);
}

export function named(facts: Pick<Facts, "nameOf">, device: Pick<PresentDevice, "devpath" | "aliases">): NamedDevice {
	const name = facts.nameOf(device);
	return name === undefined ? { devpath: device.devpath } : { devpath: device.devpath, name };
}

/** The same for a path, whose device may not be in the walk. */
export function namedPath(facts: Pick<Facts, "devices" | "nameOf">, devpath: string): NamedDevice {
	const device = facts.devices.find((one) => one.devpath === devpath);
	return named(facts, device ?? { devpath, aliases: [] });
}

/** The line of modprobe.d, or the index. */
export function placeOfMatch({ indexes }: Knowledge, { via, source }: Pick<Found, "via" | "source">): Source {
	if (source !== undefined) return source;
	switch (via) {
		case "symbol index":
			return { file: indexes.symbols.file, line: 0 };
		case "alias index":
			return { file: indexes.aliases.file, line: 0 };
		case "builtin":
			return { file: indexes.builtins.file, line: 0 };
		case "builtin alias index":
			return { file: (indexes.builtinAliases ?? indexes.builtins).file, line: 0 };
		default:
			return { file: indexes.dependencies.file, line: 0 };
	}
}
