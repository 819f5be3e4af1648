// What keeps a module out: blacklists, masks, install lines, policy, files that are missing or of another kernel, and the last answer of
// the kernel. In the order in which they count. Pure.

import type { Evidence } from "../../libkmod/evidence/evidence.js";
import { isMask } from "../../libkmod/insertion/outcome.js";
import { moduleFileIn } from "../../libkmod/kernel/other-root.js";
import { trimBlanks } from "../../libkmod/text/byte-strings.js";
import type { Match } from "../decisions/decider.js";
import type { LastAnswer, NamedDevice, Obstacle } from "./explanation.js";
import { lookUpReadable, named, type Situated } from "./facts.js";
import { findingsAboutModule, type KernelFinding } from "./kernel-findings.js";

/** All obstacles of a module, whoever asks for it. The first is the one that counts. */
export function listObstacles(facts: Situated, module: string): readonly Obstacle[] {
	const { knowledge } = facts;
	const mask = knowledge.masked?.(module);
	const blacklist = knowledge.blacklisted(module);
	return [
		...(mask === undefined ? [] : [{ kind: "masked" as const, source: mask }]),
		...(blacklist === undefined ? [] : [{ kind: "blacklisted" as const, source: blacklist }]),
		...listInstallMask(facts, module),
		...listOfPolicy(facts, module),
		...listOfTheFile(facts, module),
		...listOfTheKernel(facts, module),
		...listNeeded(facts, module),
	];
}

/** The install line counts unless the module has softdeps, as in kmod. */
export function heedsInstall({ knowledge }: Situated, module: string): boolean {
	if (knowledge.honourEveryLine) return true;
	const names = knowledge.softdeps(module).flatMap(({ pre, post }) => [...pre, ...post]);
	return names.every((name) => lookUpReadable(knowledge, name).length === 0);
}

function listInstallMask(facts: Situated, module: string): readonly Obstacle[] {
	const line = facts.knowledge.installCommand(module);
	if (line === undefined || !isMask(line.command) || !heedsInstall(facts, module)) return [];
	return [{ kind: "install line", command: line.command, source: line.source }];
}

/** Rules of policy keep the module from every device that asks for it: one that lets it through is enough to load it. */
function listOfPolicy(facts: Situated, module: string): readonly Obstacle[] {
	const asking = facts.asking.get(module) ?? [];
	if (asking.some(({ match }) => match.verdict === "wanted")) return [];
	const ignored = facts.ignored.get(module);
	if (asking.length === 0 && ignored !== undefined)
		return [{ kind: "ignored", source: ignored.source, device: named(facts, ignored.device) }];
	return asking.flatMap(({ device, match }) => explainMatch(named(facts, device), match) ?? []);
}

/** The rule of policy in a match. Undefined when no rule keeps the module from the device. */
export function explainMatch(device: NamedDevice, { verdict, source }: Match): Obstacle | undefined {
	if (source === undefined || (verdict !== "denied" && verdict !== "not allowed")) return undefined;
	return { kind: verdict, source, device };
}

function listOfTheFile(facts: Situated, module: string): readonly Obstacle[] {
	const { knowledge, modules } = facts;
	const file = knowledge.file(module);
	if (file === undefined) return [];
	const path = moduleFileIn(knowledge, file.path);
	if (!facts.isFileThere(path)) return [{ kind: "missing file", path }];
	const evidence = modules.get(module)?.predicted;
	// The kernel's blacklist is told by itself.
	if (evidence === undefined || evidence.kind === "module_blacklist" || mayBeTaken(evidence)) return [];
	return [{ kind: "would be refused", evidence, path }];
}

/** A kernel with CONFIG_MODVERSIONS compares the versions of symbols, and not the release. */
const mayBeTaken = (evidence: Evidence): boolean => evidence.kind === "other kernel" && evidence.hasVersions;

function listOfTheKernel(facts: Situated, module: string): readonly Obstacle[] {
	const { kernelBlacklist, answers } = facts;
	const blacklist: readonly Obstacle[] = kernelBlacklist.modules.has(module)
		? [{ kind: "kernel blacklist", file: kernelBlacklist.file }]
		: [];
	const answer = answers.get(module);
	if (answer !== undefined) return [...blacklist, ...explainLast(facts, answer)];
	return [...blacklist, ...listOfTheLog(facts, module)];
}

function findVermagic(facts: Situated, module: string): (KernelFinding & { kind: "vermagic" }) | undefined {
	const findings = facts.findings();
	if ("unreadable" in findings) return undefined;
	return findingsAboutModule(findings, module).findLast((one) => one.kind === "vermagic");
}

/** Findings that tell that a module was not taken. */
const REFUSALS: ReadonlySet<KernelFinding["kind"]> = new Set([
	"invalid parameter",
	"vermagic",
	"symbol version",
	"unknown symbol",
	"duplicate symbol",
	"dependency is busy",
	"signature",
]);

/** The newest refusal in the kernel's log, for a module of which nobody else knows an answer. */
function listOfTheLog(facts: Situated, module: string): readonly Obstacle[] {
	const findings = facts.findings();
	if ("unreadable" in findings) return [];
	const last = findingsAboutModule(findings, module).findLast(({ kind }) => REFUSALS.has(kind));
	return last === undefined ? [] : [{ kind: "kernel log", record: { seconds: last.seconds, text: last.text } }];
}

function explainLast(facts: Situated, answer: LastAnswer): readonly Obstacle[] {
	const { modules, knowledge } = facts;
	if (answer.result === "no device") return [{ kind: "no device", answer }];
	if (answer.result !== "failed" && answer.result !== "blocked") return [];
	const evidence = modules.get(answer.module)?.evidence;
	const path = knowledge.file(answer.module)?.path;
	const vermagic = answer.errno === "ENOEXEC" ? findVermagic(facts, answer.module) : undefined;
	return [
		{
			kind: "refused",
			answer,
			...(evidence !== undefined && { evidence }),
			...(vermagic !== undefined && { vermagic: { has: trimBlanks(vermagic.has), wants: trimBlanks(vermagic.wants) } }),
			...(path !== undefined && { path: moduleFileIn(knowledge, path) }),
		},
	];
}

/** The hard dependencies that cannot be loaded: the first obstacle of each. A blacklist does not count for a dependency. */
function listNeeded(facts: Situated, module: string): readonly Obstacle[] {
	return (facts.knowledge.file(module)?.dependencies ?? []).flatMap((needed) => {
		if (facts.live?.has(needed)) return [];
		const mask = facts.knowledge.masked?.(needed);
		const all: readonly Obstacle[] = [
			...(mask === undefined ? [] : [{ kind: "masked" as const, source: mask }]),
			...listFailingMask(facts, needed),
			...listOfTheFile(facts, needed),
			...listOfTheKernel(facts, needed),
		];
		return all.slice(0, 1).map((obstacle) => ({ kind: "needs" as const, module: needed, obstacle }));
	});
}

/** An install line that runs `true` counts as success: modules that need the module go on. */
function listFailingMask(facts: Situated, module: string): readonly Obstacle[] {
	return listInstallMask(facts, module).filter((one) => one.kind === "install line" && /false\s*$/.test(one.command));
}
