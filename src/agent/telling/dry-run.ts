// The dry run of coldplug, as text and as JSON lines: the same batches and plans that the real run carries out.

import { formatSource } from "../../libkmod/formats/modprobe-config.js";
import { isMask } from "../../libkmod/insertion/outcome.js";
import type { WholeNumber } from "../../libkmod/kernel/whole-number.js";
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import { levels, type Step } from "../../libkmod/planning/plan-insertion.js";
import { printable } from "../../libkmod/text/printable.js";
import { shorten } from "../../libkmod/text/shorten.js";
import type { PresentDevice } from "../../ports/devices.js";
import type { OnSkipped } from "../../ports/skipping.js";
import { type Batch, planApart, planBatch } from "../decisions/batch.js";
import { type Decision, makeDecider, type Verdict } from "../decisions/decider.js";
import { listLookupProblems } from "../decisions/lookup-problems.js";
import { sliced } from "../devices/slices.js";
import { noPolicy, type Policy } from "../policy/policy.js";
import { explainAction, explainCause, explainDecision, explainVerdict } from "./explain.js";

/** Plans the batches of a dry run. A module that an earlier batch holds is not planned again. */
export function* planDryRun(
	knowledge: Knowledge,
	present: Iterable<PresentDevice>,
	live: ReadonlySet<string>,
	policy: Policy = noPolicy,
	onSkipped: OnSkipped = () => undefined,
): Generator<Batch> {
	const decide = makeDecider(knowledge, policy, onSkipped);
	const planned = new Set<string>();
	const isLive = (module: string): boolean => live.has(module) || planned.has(module);
	let number = 0;
	function plan(decisions: readonly Decision[]): Batch {
		const batch = planBatch(number + 1, knowledge, decisions, { isLive, wasTried: () => false });
		number++;
		for (const { module } of batch.plan) planned.add(module);
		return batch;
	}
	for (const slice of sliced(present)) yield* planApart(slice.flatMap(decide), plan, onSkipped);
}

/** What a dry run counts. */
export type Summary = {
	/** Batches in which a module has a step. */
	readonly batches: WholeNumber;
	/** Devices with an alias, or for which a rule of policy loads something. */
	readonly devices: WholeNumber;
	/** Different aliases of those devices, among them what rules of policy load for them. */
	readonly aliases: WholeNumber;
	/** Aliases for which there is no module. */
	readonly unmatched: WholeNumber;
	/** Modules of the plans, without those that are kept out. */
	readonly modules: WholeNumber;
	/** Modules of the plans that an install line or a rule of policy keeps out. */
	readonly masked: WholeNumber;
	/** Modules that a device asks for, and that a blacklist line keeps out. */
	readonly blacklisted: WholeNumber;
	/** Modules that policy denies, including those that no allow rule names. */
	readonly denied: WholeNumber;
	/** Modules that a device asks for, and that are built into the kernel. */
	readonly builtin: WholeNumber;
	/** Aliases and modules that could not be looked up. */
	readonly problems: WholeNumber;
};

export function summarise(batches: readonly Batch[]): Summary {
	const decisions = batches.flatMap((batch) => batch.decisions);
	const judged = (...wanted: readonly Verdict[]): number =>
		new Set(
			decisions.flatMap(({ matches }) => matches.flatMap((m) => (wanted.includes(m.verdict) ? m.found.module : []))),
		).size;
	const plan = batches.flatMap((batch) => batch.plan);
	const masked = plan.filter(isMasked).length;
	return {
		batches: batches.filter((batch) => batch.plan.length > 0).length,
		devices: new Set(decisions.map(({ device }) => device)).size,
		aliases: new Set(decisions.map(({ alias }) => alias)).size,
		unmatched: new Set(decisions.filter(isUnmatched).map(({ alias }) => alias)).size,
		modules: plan.length - masked,
		masked,
		blacklisted: judged("blacklisted"),
		denied: judged("denied", "not allowed"),
		builtin: judged("builtin"),
		problems: listLookupProblems(batches).size,
	};
}

function isUnmatched({ matches, problem, ignored }: Decision): boolean {
	return matches.length === 0 && problem === undefined && ignored === undefined;
}

/** Whether the step keeps its module out: the step is masked, or its install command does nothing. */
export function isMasked(step: Step): boolean {
	return step.how === "masked" || (step.how === "run" && isMask(step.command));
}

/**
 * Formats one batch for people: its levels, the modules of each with the reason, then the modules that are kept out. `everything`
 * adds aliases without a module, and built-in modules.
 */
export function formatBatch(batch: Batch, everything: boolean): string {
	const lines: string[] = [];
	levels(batch.plan).forEach((steps, level) => {
		lines.push(`batch ${batch.number}, level ${level}: ${steps.length} module${steps.length === 1 ? "" : "s"}`);
		for (const step of steps) {
			lines.push(
				`  ${step.module}${noteCommand(step)}`,
				`    ${explainAction(step)}`,
				`    ${explainCause(step.cause)}`,
			);
			for (const { module, rival } of step.after)
				if (rival !== undefined) lines.push(`    after ${module}, which matches ${shorten(rival)} too and goes first`);
			if (step.commandIgnored !== undefined)
				lines.push(
					`    its install command does not count, since the module has softdeps (${formatSource(step.commandIgnored)})`,
				);
		}
	});
	for (const decision of batch.decisions) lines.push(...formatKeptOut(decision, everything));
	return lines.map((line) => `${printable(line)}\n`).join("");
}

function noteCommand(step: Step): string {
	if (step.how === "masked") return " [masked: not loaded]";
	if (step.how !== "run") return "";
	const source = formatSource(step.source);
	return isMask(step.command) ? ` [masked by ${source}: not run]` : ` [by its install command, ${source}]`;
}

function formatKeptOut(decision: Decision, everything: boolean): string[] {
	if (decision.problem !== undefined || decision.ignored !== undefined) return [explainDecision(decision)];
	if (everything && decision.matches.length === 0) return [explainDecision(decision)];
	return decision.matches
		.filter(({ verdict }) => verdict !== "wanted" && (everything || verdict !== "builtin"))
		.map((match) => {
			const { device, alias } = decision;
			return `not loaded: ${match.found.module}: ${explainVerdict(match)}; ${device}: ${shorten(alias)} matches ${match.found.pattern}`;
		});
}

export function formatSummary(summary: Summary): string {
	const { modules, batches, devices, aliases, blacklisted, denied, masked, builtin, unmatched, problems } = summary;
	return (
		`${modules} modules in ${batches} batches for ${devices} devices with ${aliases} aliases; ` +
		`${blacklisted} blacklisted, ${denied > 0 ? `${denied} denied, ` : ""}${masked} masked, ${builtin} built in, ${unmatched} aliases without a module` +
		`${problems > 0 ? `, ${problems} that could not be looked up` : ""}\n`
	);
}
