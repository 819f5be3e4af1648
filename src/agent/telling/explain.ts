// Sentences about plans, decisions and outcomes: why a module is loaded, or is not. Pure text, read by people.

import type { Source } from "../../libkmod/formats/modprobe-config.js";
import type { Outcome } from "../../libkmod/insertion/outcome.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import type { Cause, Step } from "../../libkmod/planning/plan-insertion.js";
import { trimBlanks } from "../../libkmod/text/byte-strings.js";
import { shorten } from "../../libkmod/text/shorten.js";
import type { Decision, Match } from "../decisions/decide.js";
import type { Skipped } from "../faults/skipped.js";

export function formatSource({ file, line }: Source): string {
	return line === 0 ? "the kernel command line" : `${file} line ${line}`;
}

/** Why a module is in a plan. */
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
			if (cause.rule) return `${device ?? "asked for"}: ${formatSource(cause.rule)} loads ${shorten(alias)} (${where})`;
			return `${device ?? "asked for"}: ${shorten(alias)} matches ${shorten(found.pattern)} (${where})`;
		}
	}
}

/** What is done for a step, as `modprobe -D` writes it but for the text behind it. */
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

/** Why a match of a decision is not loaded; undefined where it is wanted. */
export function explainVerdict({ verdict, source }: Match): string | undefined {
	if (verdict === "wanted") return undefined;
	if (verdict === "builtin") return "built into the kernel";
	const where = source ? formatSource(source) : "configuration";
	if (verdict === "not allowed") return `not among what ${where} and others allow`;
	return `${verdict} by ${where}`;
}

export function explainDecision({ device: from, alias, matches, problem, rule, ignored }: Decision): string {
	const device = from || "asked for";
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

/** One line for an outcome, without the module's name. */
export function explainOutcome({ result, step, reason, exitStatus, because }: Outcome): string {
	switch (result) {
		case "inserted":
			return "inserted";
		case "live":
			return "live already";
		case "builtin":
			return "built into the kernel";
		case "ran":
			return `its install command ended well: ${step.how === "run" ? step.command : ""}`;
		case "masked":
			if (step.how === "masked") return explainMask(step);
			return `masked by its install command (${step.how === "run" ? formatSource(step.source) : ""})`;
		case "no device":
			return "its driver found no hardware of its own (ENODEV)";
		case "missing":
			return step.how === "missing" ? explainMissing(step) : "there is no file for it";
		case "blocked":
			return `${because?.step.module ?? "a module"} is needed first: ${because ? explainOutcome(because) : "it failed"}`;
		case "stopped":
			return "not begun: hotplugd was told to stop";
		case "failed":
			return exitStatus === undefined
				? explainFailure(reason)
				: `its install command ended with status ${exitStatus}: ${step.how === "run" ? step.command : ""}`;
	}
}

/** What was passed over, and why. */
export function explainSkipped({ what, error }: Skipped): string {
	return `passed over ${what}: ${explainThrown(error)}`;
}

const MOST_SKIPPED_SHOWN = 20;

/** Lines of what was passed over, each once, and in the last one how many more there are. */
export function listSkipped(sentences: ReadonlySet<string>): readonly string[] {
	const shown = [...sentences].slice(0, MOST_SKIPPED_SHOWN);
	const more = sentences.size - shown.length;
	return more === 0 ? shown : [...shown, `passed over ${more} more`];
}

function explainThrown(error: Error): string {
	if (!(error instanceof Refusal)) return error.message;
	return `could not ${error.operation} ${error.subject}: ${error.why}`;
}

function explainMask({ source, needs }: Step & { how: "masked" }): string {
	return needs === undefined
		? `masked by ${formatSource(source)}`
		: `it needs ${needs}, which ${formatSource(source)} masks`;
}

function explainMissing({ problem }: Step & { how: "missing" }): string {
	return problem ?? "modules.dep has no file for it; run depmod";
}

// finit_module(2), init_module(2) and what kernel/module/main.c answers with.
const ofTheKernel: Readonly<Record<string, string>> = {
	ENOENT: "it needs a symbol that no live module has; see dmesg, and run depmod",
	ENOEXEC: "its file is not a module for this kernel (vermagic, or damaged); see dmesg",
	EPERM:
		"not permitted: CAP_SYS_MODULE is missing, kernel.modules_disabled is set, the kernel is locked down, or module_blacklist= names it",
	EKEYREJECTED: "its signature is by a key that the kernel does not trust, or it was changed since it was signed",
	ENOKEY: "it is not signed by a key that the kernel knows, and the kernel demands that",
	EBADMSG: "its signature is damaged",
	EINVAL: "the kernel took a parameter or the file's format for invalid; see dmesg",
	EBUSY: "something it needs is held by another driver, or a module it uses did not finish in time; see dmesg",
	ENOMEM: "there is no memory for it",
	ENOSYS: "this kernel cannot load modules",
	ETXTBSY: "its file is open for writing",
	ESRCH: "it disagrees with the kernel about the version of a symbol; see dmesg",
};

/** Of its file, before the kernel is asked. */
const ofTheFile: Readonly<Record<string, string>> = {
	"open ENOENT": "is gone; run depmod",
	"open EACCES": "may not be read",
	"decompress EINVAL": "cannot be decompressed: it is damaged",
	"decompress EFBIG": "would fill too much memory if it were decompressed",
};

export function explainFailure(reason: Error | undefined): string {
	if (!(reason instanceof Refusal)) return reason?.message ?? "it failed";
	const { operation, subject, code } = reason;
	if (reason.reason !== undefined) {
		const what = operation === "decompress" ? `${subject} cannot be decompressed` : `could not ${operation} ${subject}`;
		return `${what}: ${reason.reason} (${code})`;
	}
	const about = ofTheFile[`${operation} ${code}`];
	if (about !== undefined) return `${subject} ${about} (${code})`;
	const answer = operation === "insert" ? ofTheKernel[code] : undefined;
	return answer === undefined ? `${code} from ${operation}; see dmesg` : `${answer} (${code})`;
}
