// What coldplug would do, or has done, by device: the driver that has bound the device, and each module that the device asks for,
// with its state and its cause. The table, its exceptions and the filters read these rows. Pure.

import { formatFileLine } from "../../libkmod/formats/modprobe-config.js";
import { isMask, type Outcome } from "../../libkmod/insertion/outcome.js";
import type { Step } from "../../libkmod/planning/plan-insertion.js";
import { trimBlanks } from "../../libkmod/text/byte-strings.js";
import type { DeviceState } from "../../ports/inspection.js";
import type { Batch } from "../decisions/batch.js";
import type { Decision, Match } from "../decisions/decider.js";
import { explainMissing, explainOutcome } from "./explain.js";

/** The state of a module that a device asks for, or of a device that gets none. */
export const rowStates = [
	"wanted",
	"loaded",
	"built in",
	"kept out",
	"missing",
	"failed",
	"not ended",
	"no hardware",
	"not bound",
	"firmware missing",
	"no driver",
	"no module",
] as const;

/** "not bound" and "firmware missing" are states of devices whose modules are live or built in: see `unbound`. */
export type RowState = (typeof rowStates)[number];

export type ModuleRow = {
	readonly module: string;
	readonly state: RowState;
	/** The pattern that matched, or why the module is not loaded. */
	readonly cause: string;
	/** The modules that come with it, in the order of the plan: dependencies and softdeps, and theirs in turn. */
	readonly brings: readonly string[];
};

export type DeviceRow = {
	readonly devpath: string;
	/** What the device is called for people, by the ids that the system has. */
	readonly name?: string | undefined;
	readonly subsystem: string | undefined;
	/** The driver that has bound the device now. */
	readonly driver: string | undefined;
	/** A device whose modules are none has the state of its own. */
	readonly state: RowState;
	readonly aliases: readonly string[];
	readonly modules: readonly ModuleRow[];
	/** Why nothing was looked up for the device, or could not be. */
	readonly problem?: string | undefined;
	/** No driver has bound the device, although modules with drivers for its bus are there. */
	readonly unbound?: Unbinding | undefined;
};

export type Unbinding = {
	/** The modules whose drivers could have bound the device. */
	readonly modules: readonly string[];
	/** Why they have not: a clause. Undefined when the kernel tells nothing. */
	readonly cause?: string | undefined;
};

export type RowSources = {
	readonly batches: readonly Batch[];
	/**
	 * What /sys shows of a device now. Undefined when that is not known. A device that no module is for is asked about most: its bus,
	 * and the driver at its physical node.
	 */
	readonly stateOf: (devpath: string, isWithoutModule: boolean) => Partial<DeviceState> | undefined;
	/** What a device with these aliases is called. */
	readonly nameOf?: (aliases: readonly string[]) => string | undefined;
	/** The last outcome of each module, of a real run. */
	readonly outcomes?: ReadonlyMap<string, Outcome>;
};

export function listRows(sources: RowSources): readonly DeviceRow[] {
	const steps = new Map(sources.batches.flatMap(({ plan }) => plan.map((step) => [step.module, step] as const)));
	const bringing = makeBringing(steps);
	const byDevice = new Map<string, Decision[]>();
	for (const decision of sources.batches.flatMap(({ decisions }) => decisions)) {
		const known = byDevice.get(decision.device);
		if (known === undefined) byDevice.set(decision.device, [decision]);
		else known.push(decision);
	}
	return [...byDevice].map(([devpath, decisions]) => {
		const modules = new Map<string, ModuleRow>();
		for (const { matches, rule } of decisions)
			for (const match of matches) {
				const { module } = match.found;
				const row = { module, ...judge({ match, matches }, steps, sources.outcomes), brings: bringing(module) };
				if (rule !== undefined && row.state === "wanted") row.cause = `asked for by ${formatFileLine(rule)}`;
				if (!modules.has(module)) modules.set(module, row);
			}
		const device = sources.stateOf(devpath, modules.size === 0);
		const problem = decisions.map(explainProblem).find((one) => one !== undefined);
		return {
			devpath,
			name: sources.nameOf?.(decisions.map(({ alias }) => alias)),
			subsystem: device?.subsystem,
			driver: device?.driver,
			state: judgeDevice([...modules.values()], decisions, device),
			aliases: decisions.map(({ alias }) => alias),
			modules: [...modules.values()],
			problem,
		};
	});
}

function explainProblem({ problem, ignored }: Decision): string | undefined {
	if (ignored !== undefined) return `left alone by ${formatFileLine(ignored)}`;
	return problem && `could not be looked up: ${problem.message}`;
}

/** A device has the gravest state of its modules; one without modules has no driver, or asks for nothing. */
function judgeDevice(
	modules: readonly ModuleRow[],
	decisions: readonly Decision[],
	device: Partial<DeviceState> | undefined,
): RowState {
	if (decisions.some(({ problem }) => problem !== undefined)) return "failed";
	if (decisions.some(({ ignored }) => ignored !== undefined)) return "kept out";
	if (modules.length > 0) return gravest.find((state) => modules.some((one) => one.state === state)) ?? "wanted";
	const isBound = device?.driver !== undefined || device?.physicalDriver !== undefined;
	return device?.onBus === true && !isBound ? "no driver" : "no module";
}

const gravest: readonly RowState[] = [
	"failed",
	"not ended",
	"missing",
	"kept out",
	"no hardware",
	"wanted",
	"loaded",
	"built in",
];

type Steps = ReadonlyMap<string, Step>;

/**
 * The dependency whose install line keeps it out, so that the module cannot be loaded either. A line that runs `true` keeps only
 * its own module out.
 */
export function findMaskedNeed({ after }: Step, steps: Steps): (Step & { how: "run" }) | undefined {
	for (const { module, hard } of after) {
		const step = hard ? steps.get(module) : undefined;
		if (step?.how === "run" && isMask(step.command) && trimBlanks(step.command).endsWith("false")) return step;
	}
	return undefined;
}

const explainNeed = ({ module, source }: Step & { how: "run" }): string =>
	`needs ${module}, which is masked by ${formatFileLine(source)}`;

type Judgement = { state: RowState; cause: string };

/** A match of an alias, among all matches of that alias. */
type Asking = { readonly match: Match; readonly matches: readonly Match[] };

function judge(asking: Asking, steps: Steps, outcomes: ReadonlyMap<string, Outcome> | undefined): Judgement {
	const { match } = asking;
	const { found, verdict, source } = match;
	const where = source === undefined ? "the configuration" : formatFileLine(source);
	if (verdict === "builtin") return { state: "built in", cause: shortenPattern(found.pattern) };
	if (verdict === "not allowed") return { state: "kept out", cause: `not allowed by ${where} or another allow rule` };
	if (verdict !== "wanted") return { state: "kept out", cause: `${verdict} by ${where}` };
	const outcome = outcomes?.get(found.module);
	if (outcome !== undefined) return judgeOutcome(outcome, asking);
	const step = steps.get(found.module);
	if (step === undefined) return { state: "loaded", cause: explainMatch(match) };
	const needs = findMaskedNeed(step, steps);
	const planned =
		needs === undefined ? judgeStep(step, asking) : { state: "kept out" as const, cause: explainNeed(needs) };
	return outcomes === undefined || planned.state !== "wanted" ? planned : { ...planned, state: "not ended" };
}

function judgeStep(step: Step, { match, matches }: Asking): Judgement {
	if (step.how === "masked") {
		const by = `masked by ${formatFileLine(step.source)}`;
		return { state: "kept out", cause: step.needs === undefined ? by : `needs ${step.needs}, which is ${by}` };
	}
	if (step.how === "run" && isMask(step.command))
		return { state: "kept out", cause: `masked by ${formatFileLine(step.source)}` };
	if (step.how === "missing") return { state: "missing", cause: explainMissing(step) };
	if (step.how === "builtin") return { state: "built in", cause: explainMatch(match) };
	const run = step.how === "run" ? `by its install line ${formatFileLine(step.source)}` : undefined;
	// The order of the step is that of all devices: another device may have asked for both modules.
	const rival = step.after.find((one) => one.rival !== undefined && matches.some(isOf(one.module)));
	const why = rival === undefined ? explainMatch(match) : `after ${rival.module}, its rival`;
	return { state: "wanted", cause: run === undefined ? why : `${run}; ${why}` };
}

const isOf =
	(module: string) =>
	({ found }: Match): boolean =>
		found.module === module;

function judgeOutcome(outcome: Outcome, asking: Asking): Judgement {
	const { match } = asking;
	const state = outcomeStates[outcome.result];
	if (state === "kept out" || state === "missing") return judgeStep(outcome.step, asking);
	const isPlain = outcome.result === "inserted" || outcome.result === "live";
	return { state, cause: isPlain ? explainMatch(match) : explainOutcome(outcome) };
}

const outcomeStates: Readonly<Record<Outcome["result"], RowState>> = {
	inserted: "loaded",
	live: "loaded",
	builtin: "built in",
	ran: "loaded",
	masked: "kept out",
	"no device": "no hardware",
	missing: "missing",
	blocked: "failed",
	stopped: "failed",
	failed: "failed",
};

function explainMatch({ found }: Match): string {
	const pattern = shortenPattern(found.pattern);
	return found.source === undefined ? pattern : `${pattern} (${formatFileLine(found.source)})`;
}

/**
 * Shortens a pattern to the fields that are not left open: one wildcard stands for a row of fields that match anything, so that
 * pci:v00008086d0000100Esv*sd*bc*sc*i* becomes pci:v00008086d0000100E*.
 */
export function shortenPattern(pattern: string): string {
	return pattern.replace(/(?<=[\dA-F:,])(?:[a-z]{1,3}\*){2,}/g, "*");
}

/** By module: the modules of the plan that come with it, and with those in turn. */
function makeBringing(steps: Steps): (module: string) => readonly string[] {
	const direct = new Map<string, string[]>();
	const add = (of: string, module: string): void => void (direct.get(of)?.push(module) ?? direct.set(of, [module]));
	for (const { module, after, cause } of steps.values()) {
		for (const { module: needed, hard } of after) if (hard) add(module, needed);
		if (cause.kind === "softdep") add(cause.of, module);
	}
	return (module) => {
		const found = new Set([module]);
		for (const one of found) for (const needed of direct.get(one) ?? []) found.add(needed);
		found.delete(module);
		return [...steps.keys()].filter((one) => found.has(one));
	};
}
