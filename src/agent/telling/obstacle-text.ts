// What keeps a module out, as a clause with its place, and what can be done about it; and the devices, lines of the kernel's log and
// last answers that such clauses name. Pure.

import { explainEvidence } from "../../libkmod/evidence/evidence.js";
import { formatFileLine } from "../../libkmod/formats/modprobe-config.js";
import { baseName } from "../../libkmod/text/base-name.js";
import { trimBlanks } from "../../libkmod/text/byte-strings.js";
import type { AnswerOrigin, LastAnswer, LogLine, NamedDevice, Obstacle } from "../explaining/explanation.js";

/** The last part of a device's path, with its name in words. */
export function formatDevice({ devpath, name }: NamedDevice): string {
	return name === undefined ? baseName(devpath) : `${baseName(devpath)} (${name})`;
}

/** What keeps a module out: a clause with its place. */
export function explainObstacle(obstacle: Obstacle, module: string): string {
	switch (obstacle.kind) {
		case "blacklisted":
			return obstacle.source.line === 0
				? `blacklisted by the kernel command line (modprobe.blacklist=${module} in ${obstacle.source.file})`
				: `blacklisted by ${formatFileLine(obstacle.source)}`;
		case "kernel blacklist":
			return `the kernel itself refuses it (module_blacklist=${module} in ${obstacle.file})`;
		case "masked":
			return `masked by ${formatFileLine(obstacle.source)} (a [[mask]] rule)`;
		case "install line":
			return `its install line runs '${trimBlanks(obstacle.command)}': ${formatFileLine(obstacle.source)}`;
		case "denied":
			return `denied by ${formatFileLine(obstacle.source)} (a [[deny]] rule) for ${formatDevice(obstacle.device)}`;
		case "not allowed":
			return `no [[allow]] rule for ${formatDevice(obstacle.device)} allows it (${formatFileLine(obstacle.source)})`;
		case "ignored":
			return `${formatFileLine(obstacle.source)} (an [[ignore]] rule) leaves ${formatDevice(obstacle.device)} alone`;
		case "missing file":
			return `modules.dep has ${obstacle.path}, which is not there`;
		case "would be refused":
			return explainPredicted(obstacle);
		case "kernel log":
			return formatLogLine(obstacle.record);
		case "refused":
			return explainRefused(obstacle);
		case "no device":
			return `its driver found no hardware of its own (${obstacle.answer.errno ?? "ENODEV"}), when it was last tried (${formatAnswerOrigin(obstacle.answer.from)})`;
		case "softdep only":
			return `only a softdep asks for it: ${formatFileLine(obstacle.source)} (softdep ${obstacle.of} ${obstacle.when}: ${module}), and ${obstacle.of} is not loaded`;
		case "needs":
			return `it needs ${obstacle.module}, of which: ${explainObstacle(obstacle.obstacle, obstacle.module)}`;
	}
}

function explainPredicted({ evidence, path }: Obstacle & { kind: "would be refused" }): string {
	return evidence.kind === "other kernel"
		? explainOtherKernel(evidence.builtFor, evidence.running, path)
		: `${explainEvidence(evidence)} (${path})`;
}

function explainOtherKernel(builtFor: string, running: string, path: string | undefined): string {
	return `it was built for the kernel ${builtFor}, and this is ${running} (vermagic of ${path ?? "its file"})`;
}

function explainRefused({ answer, evidence, vermagic, path }: Obstacle & { kind: "refused" }): string {
	const { errno, explanation, from } = answer;
	const when = `when it was last tried (${formatAnswerOrigin(from)})`;
	if (vermagic !== undefined) return `${explainOtherKernel(vermagic.has, vermagic.wants, path)}, ${when}`;
	if (evidence?.kind === "other kernel")
		return `${explainOtherKernel(evidence.builtFor, evidence.running, path)}, ${when}`;
	const why = evidence === undefined ? explanation : explainEvidence(evidence);
	const code = errno === undefined || why.includes(errno) ? "" : ` (${errno})`;
	return `${why}${code}${path === undefined ? "" : `, ${path}`}, ${when}`;
}

export function formatAnswerOrigin(from: AnswerOrigin): string {
	return from.kind === "agent" ? "by the running agent" : formatFileLine(from.source);
}

const INSTALL_OWN = "install the module that was built for this kernel";

/** What can be done about it. Undefined when there is nothing to advise. */
export function adviseOn(obstacle: Obstacle, module: string): string | undefined {
	switch (obstacle.kind) {
		case "blacklisted":
			return `'modprobe ${module}' loads it, or ${obstacle.source.line === 0 ? "boot without that word" : "remove the line"}`;
		case "kernel blacklist":
			return "boot without that word";
		case "masked":
		case "denied":
			return `'modprobe ${module}' loads it, or remove the rule`;
		case "not allowed":
			return `'modprobe ${module}' loads it, or add a rule that allows it`;
		case "ignored":
			return `'modprobe ${module}' loads it, or remove the rule`;
		case "install line":
			return `'modprobe -i ${module}' loads it, or remove the line`;
		case "missing file":
			return "run depmod, or install the file";
		case "would be refused":
			return obstacle.evidence.kind === "other kernel" ? INSTALL_OWN : undefined;
		case "refused":
			return obstacle.vermagic !== undefined || obstacle.evidence?.kind === "other kernel" ? INSTALL_OWN : undefined;
		case "softdep only":
			return `'modprobe ${module}' loads it`;
		case "needs":
			return adviseOn(obstacle.obstacle, obstacle.module);
		default:
			return undefined;
	}
}

/** "the kernel's log says", with the seconds since the machine was booted. */
export function formatLogLine({ seconds, text }: LogLine): string {
	return `the kernel's log says "${text}" (at ${seconds.toFixed(3)} s)`;
}

/** The last answer as a clause. */
export function explainLastAnswer({ result, explanation, errno, from }: LastAnswer): string {
	const code = errno === undefined || explanation.includes(errno) ? "" : ` (${errno})`;
	return `${result}: ${explanation}${code} (${formatAnswerOrigin(from)})`;
}
