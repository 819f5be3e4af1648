// Who asks for a module: devices by their aliases, modules that need it, softdeps, rules of policy, modules-load.d. Pure.

import type { SoftdepLine } from "../../libkmod/formats/modprobe-config.js";
import { isMask } from "../../libkmod/insertion/outcome.js";
import { normaliseModuleName } from "../../libkmod/text/module-name.js";
import type { Demand } from "./explanation.js";
import { type AskingDevice, lookUpReadable, named, type Situated } from "./facts.js";

/** The demands of the devices whose aliases are not kept from the module. */
export function listDeviceDemands(facts: Situated, module: string): readonly Demand[] {
	const asking = (facts.asking.get(module) ?? []).filter(({ match }) => match.verdict === "wanted");
	return asking.map((one) => deviceDemand(facts, one));
}

export function deviceDemand(facts: Situated, { device, decision, match }: AskingDevice): Demand {
	const { alias, rule } = decision;
	const { pattern } = match.found;
	return { kind: "device", device: named(facts, device), alias, pattern, ...(rule && { rule }) };
}

/** The modules that are live, or that the devices would have loaded. Live ones come first, since they certainly count. */
function listAround({ live, plan }: Situated): readonly string[] {
	const planned = [...plan.values()].flatMap((step) =>
		step.how === "insert" || (step.how === "run" && !isMask(step.command)) ? [step.module] : [],
	);
	return [...new Set([...(live ?? []), ...planned])];
}

/** Install lines that keep their modules out: what those need is loaded before the line is run, as in kmod. */
function listInstallMasked({ plan }: Situated): readonly string[] {
	return [...plan.values()].flatMap((step) => (step.how === "run" && isMask(step.command) ? [step.module] : []));
}

/** The modules that are live or would be loaded and that need the module, those that no other of them needs last. */
export function listDependencyDemands(facts: Situated, module: string): readonly Demand[] {
	const around = new Set([...listAround(facts), ...listInstallMasked(facts)]);
	const users = [...around].filter((one) => readDependencies(facts, one).includes(module));
	// A module that a device asks for says more than one that is itself a dependency.
	const asked = (user: string): number => (listDeviceDemands(facts, user).length > 0 ? 0 : 1);
	const isLive = (user: string): boolean => facts.live?.has(user) === true;
	const rank = (user: string): number => (isLive(user) ? 0 : 2) + asked(user);
	return users
		.toSorted((a, b) => rank(a) - rank(b))
		.map((of) => ({ kind: "dependency", of, live: facts.live?.has(of) === true }));
}

/** A damaged index tells of no dependencies: the sentence about the module itself says so. */
function readDependencies({ knowledge }: Situated, module: string): readonly string[] {
	try {
		return knowledge.file(module)?.dependencies ?? [];
	} catch {
		return [];
	}
}

/** The softdeps that name the module, of modules that are live or would be loaded. */
export function listSoftdepDemands(facts: Situated, module: string): readonly Demand[] {
	const naming = listNaming(facts, module);
	if (naming.size === 0) return [];
	return listAround(facts).flatMap((of) =>
		facts.knowledge
			.softdeps(of)
			.flatMap((line) => (naming.has(line) && of !== module ? softdepDemands(facts, line, of, module) : [])),
	);
}

/** The softdeps that name the module, of all other modules: those whose lines name one module without a wildcard. */
export function listIdleSoftdeps(facts: Situated, module: string): readonly (Demand & { kind: "softdep" })[] {
	return [...listNaming(facts, module)].flatMap((line) =>
		facts.knowledge.softdeps(line.pattern).includes(line)
			? softdepDemands(facts, line, line.pattern, module).filter(({ live }) => !live)
			: [],
	);
}

function softdepDemands(
	facts: Situated,
	line: SoftdepLine,
	of: string,
	module: string,
): readonly (Demand & { kind: "softdep" })[] {
	const live = facts.live?.has(of) === true;
	return (["pre", "post"] as const).flatMap((when) =>
		line[when].some((name) => leadsTo(facts, name, module))
			? [{ kind: "softdep" as const, of, when, source: line.source, live }]
			: [],
	);
}

function listNaming(facts: Situated, module: string): ReadonlySet<SoftdepLine> {
	return new Set(
		facts.knowledge.configuration.softdeps.filter((line) =>
			[...line.pre, ...line.post].some((name) => leadsTo(facts, name, module)),
		),
	);
}

/** Whether a name or alias of a softdep leads to the module. */
function leadsTo({ knowledge }: Situated, name: string, module: string): boolean {
	if (normaliseModuleName(name) === module) return true;
	return lookUpReadable(knowledge, name).some((found) => found.module === module);
}

/** All demands for a module, the one that counts first. */
export function listDemands(facts: Situated, module: string): readonly Demand[] {
	const source = facts.modulesLoad.get(module);
	const all: readonly Demand[] = [
		...listDeviceDemands(facts, module),
		...listDependencyDemands(facts, module),
		...listSoftdepDemands(facts, module),
		...(source === undefined ? [] : [{ kind: "modules-load" as const, source }]),
	];
	// The demand of a module that is not live has not loaded anything yet.
	const waits = (demand: Demand): number => ("live" in demand && !demand.live && facts.live !== undefined ? 1 : 0);
	return all.toSorted((a, b) => waits(a) - waits(b));
}
