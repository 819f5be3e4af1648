// Sentences about plans, decisions and outcomes: why a module is loaded, or is not. Pure text, read by people.

import { type Evidence, explainEvidence } from "../../libkmod/evidence/evidence.js";
import { formatSource } from "../../libkmod/formats/modprobe-config.js";
import type { Outcome } from "../../libkmod/insertion/outcome.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import type { Cause, Step } from "../../libkmod/planning/plan-insertion.js";
import { trimBlanks } from "../../libkmod/text/byte-strings.js";
import { explainFailure, explainRefusal } from "../../libkmod/text/explain-refusal.js";
import { shorten } from "../../libkmod/text/shorten.js";
import type { Decision, Match } from "../decisions/decider.js";
import type { Skipped } from "../faults/skipped.js";

/** Explains why a module is in a plan. */
export function explainCause(cause: Cause): string {
	switch (cause.kind) {
		case "name":
			return "asked for by name";
		case "dependency":
			return `dependency of ${cause.of}`;
		case "softdep":
			return `softdep ${cause.when} of ${cause.of} (${formatSource(cause.source)})`;
		case "alias": {
			const { alias, device, found } = cause;
			const where = found.source ? `${found.via}, ${formatSource(found.source)}` : found.via;
			if (cause.rule)
				return `${device ?? "on request"}: ${formatSource(cause.rule)} loads ${shorten(alias)} (${where})`;
			return `${device ?? "on request"}: ${shorten(alias)} matches ${shorten(found.pattern)} (${where})`;
		}
	}
}

/** Describes the action of a step, in the words of `modprobe -D`, except for the text at the end of a line. */
export function explainAction(step: Step): string {
	switch (step.how) {
		case "insert":
			return trimBlanks(`insmod ${step.path} ${step.parameters}`);
		case "run":
			return trimBlanks(`run ${step.command} ${step.parameters}`);
		case "builtin":
			return "builtin";
		case "missing":
			return `missing: ${explainMissing(step)}`;
		case "masked":
			return explainMask(step);
	}
}

/** Explains why a match of a decision is not loaded. Returns undefined when the match is wanted. */
export function explainVerdict({ verdict, source }: Match): string | undefined {
	if (verdict === "wanted") return undefined;
	if (verdict === "builtin") return "built into the kernel";
	const where = source ? formatSource(source) : "configuration";
	if (verdict === "not allowed") return `not allowed: neither ${where} nor another allow rule allows the module`;
	return `${verdict} by ${where}`;
}

export function explainDecision({ device: from, alias, matches, problem, rule, ignored }: Decision): string {
	const device = from || "on request";
	if (ignored !== undefined)
		return `${device}: ${shorten(alias)} is not looked up: ${formatSource(ignored)} leaves the device alone`;
	if (problem !== undefined) return `${device}: ${shorten(alias)} could not be looked up: ${problem.message}`;
	if (matches.length === 0) return `${device}: ${shorten(alias)} matches no module`;
	const modules = matches.map((match) => {
		const why = explainVerdict(match);
		return why === undefined ? match.found.module : `${match.found.module} (${why})`;
	});
	const asking = rule === undefined ? `${shorten(alias)} asks for` : `${formatSource(rule)} loads`;
	return `${device}: ${asking} ${modules.join(", ")}`;
}

/** Describes an outcome in one line, without the module's name. */
export function explainOutcome({ result, step, reason, evidence, exitStatus, because }: Outcome): string {
	switch (result) {
		case "inserted":
			return "inserted";
		case "live":
			return "live already";
		case "builtin":
			return "built into the kernel";
		case "ran":
			return `its install command succeeded: ${step.how === "run" ? step.command : ""}`;
		case "masked":
			if (step.how === "masked") return explainMask(step);
			return `masked by its install command (${step.how === "run" ? formatSource(step.source) : ""})`;
		case "no device":
			return "its driver found no hardware of its own (ENODEV)";
		case "missing":
			return step.how === "missing" ? explainMissing(step) : `there is no file for ${step.module}`;
		case "blocked":
			return `${because?.step.module ?? "a module"} is needed first: ${because ? explainOutcome(because) : "it failed"}`;
		case "stopped":
			return "not begun: hotplugd was told to stop";
		case "failed":
			return exitStatus === undefined
				? explainReason(reason, evidence)
				: `its install command ended with status ${exitStatus}: ${step.how === "run" ? step.command : ""}`;
	}
}

function explainReason(reason: Error | undefined, evidence: Evidence | undefined): string {
	if (evidence === undefined || !(reason instanceof Refusal)) return explainFailure(reason);
	return `${explainEvidence(evidence)} (${reason.code})`;
}

/** Says which part was skipped, and why. */
export function explainSkipped({ what, error }: Skipped): string {
	return `skipped ${what}: ${explainThrown(error)}`;
}

const MOST_SKIPPED_SHOWN = 20;

/** Returns one line for each distinct part that was skipped, and a last line with the number of further ones. */
export function listSkipped(sentences: ReadonlySet<string>): readonly string[] {
	const shown = [...sentences].slice(0, MOST_SKIPPED_SHOWN);
	const more = sentences.size - shown.length;
	return more === 0 ? shown : [...shown, `skipped ${more} more`];
}

function explainThrown(error: Error): string {
	return error instanceof Refusal ? explainRefusal(error, error.why) : error.message;
}

function explainMask({ source, needs }: Step & { how: "masked" }): string {
	return needs === undefined
		? `masked by ${formatSource(source)}`
		: `it needs ${needs}, which ${formatSource(source)} masks`;
}

/** Says why the module of a step has no file. */
export function explainMissing({ module, problem }: Step & { how: "missing" }): string {
	return problem ?? `modules.dep has no file for ${module}; run depmod`;
}
