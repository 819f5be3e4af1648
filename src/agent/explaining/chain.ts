// The chain of an explanation: from the device by its aliases and the patterns to the modules, and what concerns each. Pure.

import { moduleFileIn } from "../../libkmod/kernel/other-root.js";
import type { Found } from "../../libkmod/knowledge/lookup.js";
import { listRivals } from "../../libkmod/planning/rivals.js";
import { normaliseAlias } from "../../libkmod/text/module-name.js";
import type { PresentDevice } from "../../ports/devices.js";
import type { Decision } from "../decisions/decider.js";
import { listUnbound } from "./binding.js";
import { listDemands } from "./demands.js";
import type { ChainNode, Obstacle } from "./explanation.js";
import { named, namedPath, placeOfMatch, type Situated, standingOf } from "./facts.js";
import { findingsAboutModule } from "./kernel-findings.js";
import { heedsInstall, listObstacles } from "./obstacles.js";
import { listElsewhere, listNearest, listUnsearched } from "./unmatched.js";

/** A module with all that concerns it. @param alias the alias that leads to it: its options count too */
export function moduleNode(facts: Situated, module: string, alias?: string): ChainNode {
	const file = facts.knowledge.file(module);
	const path = file && moduleFileIn(facts.knowledge, file.path);
	const standing = standingOf(facts, module);
	const children = [
		...driverNodes(facts, module),
		// A module that is live has met no obstacle that still counts.
		...(standing === "live" ? [] : listObstacles(facts, module).map(obstacleNode)),
		...installNodes(facts, module),
		...optionNodes(facts, module, alias),
		...softdepNodes(facts, module),
		...dependencyNodes(facts, module),
		...answerNodes(facts, module),
		...firmwareNodes(facts, module),
		...predictionNodes(facts, module),
		...logNodes(facts, module),
	];
	return { node: "module", module, ...(path !== undefined && { path }), standing, children };
}

const obstacleNode = (obstacle: Obstacle): ChainNode => ({ node: "obstacle", obstacle });

function driverNodes(facts: Situated, module: string): readonly ChainNode[] {
	const drivers = facts.live?.has(module) ? (facts.inspection?.driversOf(module) ?? []) : [];
	return drivers.map(({ name, bus, devices }) => ({
		node: "driver",
		driver: name,
		bus,
		devices: devices.map((devpath) => namedPath(facts, devpath)),
	}));
}

/** An install line that is a mask and counts is an obstacle already. */
function installNodes(facts: Situated, module: string): readonly ChainNode[] {
	const line = facts.knowledge.installCommand(module);
	if (line === undefined) return [];
	return [{ node: "install", command: line.command, source: line.source, heeded: heedsInstall(facts, module) }];
}

function optionNodes({ knowledge }: Situated, module: string, alias: string | undefined): readonly ChainNode[] {
	const asked = alias === undefined ? undefined : normaliseAlias(alias);
	const lines = knowledge.configuration.options.filter((line) => line.module === module || line.module === asked);
	return lines.map(({ options, source }) => ({ node: "options", options, source }));
}

function softdepNodes({ knowledge }: Situated, module: string): readonly ChainNode[] {
	const nodes =
		(heeded: boolean) => (line: { pre: readonly string[]; post: readonly string[]; source: Found["source"] }) =>
			(["pre", "post"] as const).flatMap((when) =>
				line[when].map((name): ChainNode => ({ node: "softdep", when, name, source: line.source!, heeded })),
			);
	return [
		...knowledge.softdeps(module).flatMap(nodes(true)),
		...knowledge.unheededSoftdeps(module).flatMap(nodes(false)),
	];
}

function dependencyNodes(facts: Situated, module: string): readonly ChainNode[] {
	const needed = facts.knowledge.file(module)?.dependencies ?? [];
	return needed.map((one) => ({ node: "dependency", module: one, standing: standingOf(facts, one) }));
}

function answerNodes({ answers }: Situated, module: string): readonly ChainNode[] {
	const answer = answers.get(module);
	return answer === undefined ? [] : [{ node: "answer", answer }];
}

/** How many of the listed firmware files are there: a remark, since a driver lists many versions. */
function firmwareNodes(facts: Situated, module: string): readonly ChainNode[] {
	const names = facts.modules.get(module)?.firmware ?? [];
	if (names.length === 0) return [];
	const verdict = facts.judgeFirmware({ names, findings: [], isBound: true });
	return verdict.kind === "remark" ? [{ node: "firmware", listed: verdict.listed, there: verdict.there }] : [];
}

/** A file of another kernel that the kernel may take all the same. */
function predictionNodes({ modules }: Situated, module: string): readonly ChainNode[] {
	const predicted = modules.get(module)?.predicted;
	if (predicted?.kind !== "other kernel" || !predicted.hasVersions) return [];
	const { builtFor } = predicted;
	const text = `its file was built for the kernel ${builtFor}: a kernel with CONFIG_MODVERSIONS takes it if the versions of its symbols agree`;
	return [{ node: "remark", text }];
}

/** What the kernel's log says of the module itself, such as parameters that it did not take. */
function logNodes(facts: Situated, module: string): readonly ChainNode[] {
	const findings = facts.findings();
	if ("unreadable" in findings) return [];
	const own = findingsAboutModule(findings, module).filter(({ kind }) => kind !== "taints");
	return own.map(({ seconds, text }) => ({ node: "kernel log", record: { seconds, text } }));
}

/** A device with its aliases, the patterns that match, and the modules. `only` leaves out the patterns of other modules. */
export function deviceNode(facts: Situated, device: PresentDevice, only?: string): ChainNode & { node: "device" } {
	const state = device.devpath === "" ? undefined : facts.inspection?.device(device.devpath);
	const decisions = (facts.decisions.get(device.devpath) ?? []).filter(
		({ matches }) => only === undefined || matches.some(({ found }) => found.module === only),
	);
	const live = decisions.flatMap(({ matches }) => matches).find(({ found }) => facts.live?.has(found.module));
	const driver = state?.driver ?? state?.physicalDriver;
	const unbound = state?.onBus && driver === undefined && live !== undefined;
	return {
		node: "device",
		device: named(facts, device),
		...(state?.subsystem !== undefined && { subsystem: state.subsystem }),
		...(state?.driver !== undefined && { driver: state.driver }),
		...(state?.driverModule !== undefined && { driverModule: state.driverModule }),
		...(state?.physicalNode !== undefined && { physicalNode: state.physicalNode }),
		children: [
			...(unbound
				? listUnbound(facts, device, state, live.found.module).map(
						(cause): ChainNode => ({ node: "unbound", device: named(facts, device), cause }),
					)
				: []),
			...(unbound ? unreadableNodes(facts) : []),
			...decisions.map((decision) => aliasNode(facts, decision, only)),
			...(only === undefined && driver === undefined ? unmatchedNodes(facts, decisions) : []),
		],
	};
}

/** For a device none of whose aliases matches a pattern: what comes nearest to them. */
function unmatchedNodes(facts: Situated, decisions: readonly Decision[]): readonly ChainNode[] {
	if (decisions.some(({ matches, ignored }) => matches.length > 0 || ignored !== undefined)) return [];
	const aliases = decisions.map(({ alias }) => alias);
	return [
		...listNearest(facts, aliases).map((nearest): ChainNode => ({ node: "nearest", nearest })),
		...listElsewhere(facts, aliases).map((kernel): ChainNode => ({ node: "other kernel", kernel })),
		...listUnsearched(facts, aliases).map((text): ChainNode => ({ node: "remark", text })),
	];
}

/** What could not be read, where it might have told why a device is not bound. */
function unreadableNodes(facts: Situated): readonly ChainNode[] {
	return [facts.deferred(), facts.findings()].flatMap((read) =>
		"unreadable" in read ? [{ node: "remark" as const, text: read.unreadable }] : [],
	);
}

function aliasNode(facts: Situated, decision: Decision, only: string | undefined): ChainNode {
	const { alias, rule, problem, matches, ignored } = decision;
	const groups = listRivals(
		matches
			.filter(({ verdict }) => verdict === "wanted")
			.map(({ found }) => ({ module: found.module, by: { device: decision.device, alias } })),
		(module) => facts.knowledge.file(module)?.path,
	);
	const patterns = matches.map(({ found }): ChainNode => {
		const rivals = groups.find(({ modules }) => modules.includes(found.module))?.modules;
		return {
			node: "pattern",
			pattern: found.pattern,
			via: found.via,
			place: placeOfMatch(facts.knowledge, found),
			module: found.module,
			...(rivals && { turn: rivals.indexOf(found.module) + 1, rivals: rivals.length }),
			// The module that is explained has a node of its own.
			...(only === undefined && { children: [moduleNode(facts, found.module, alias)] }),
		};
	});
	const device = { devpath: decision.device };
	return {
		node: "alias",
		alias,
		...(rule && { rule }),
		...(problem && { problem: problem.message }),
		children: [
			...(ignored === undefined ? [] : [obstacleNode({ kind: "ignored", source: ignored, device })]),
			...patterns,
		],
	};
}

/** The chain of a module: the module itself, then everybody who asks for it. */
export function moduleChain(facts: Situated, module: string): readonly ChainNode[] {
	const paths = new Set((facts.asking.get(module) ?? []).map(({ device }) => device));
	const ignored = facts.ignored.get(module);
	if (ignored !== undefined) paths.add(ignored.device);
	const others = listDemands(facts, module).filter(({ kind }) => kind !== "device");
	return [
		moduleNode(facts, module),
		...[...paths].map((device) => deviceNode(facts, device, device === ignored?.device ? undefined : module)),
		...others.map((demand): ChainNode => ({ node: "demand", demand })),
	];
}
