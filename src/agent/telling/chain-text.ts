// The chain of an explanation as an indented tree: a word for what each line is, and what is known of it, with its place. Pure.

import { formatFileLine } from "../../libkmod/formats/modprobe-config.js";
import type { MatchPlace } from "../../libkmod/knowledge/lookup.js";
import { shorten } from "../../libkmod/text/shorten.js";
import type { ChainFact, ChainNode, Demand, NamedDevice } from "../explaining/explanation.js";
import { explainCauseOf } from "./explanation-text.js";
import { explainLastAnswer, explainObstacle } from "./obstacle-text.js";

/** A line of the tree: its depth from 0, its label and its text. */
export type ChainLine = { readonly depth: number; readonly label: string; readonly text: string };

/** More children of one kind than this are cut, with their number. */
const MOST_SHOWN = 4;

export type ChainLayout = {
	/** Whether nothing is cut. */
	readonly whole: boolean;
	/** The directory of the modules: paths in it are shown from there on. */
	readonly directory: string;
};

export function layOutChain(chain: readonly ChainNode[], { whole, directory }: ChainLayout): readonly ChainLine[] {
	const lines: ChainLine[] = [];
	const due = listLines(chain, { whole, depth: 0, module: "" }).toReversed();
	for (let next = due.pop(); next !== undefined; next = due.pop()) {
		const { depth, label, text, module } = next;
		lines.push({ depth, label, text: text.replaceAll(`${directory}/`, "") });
		for (const below of listLines(next.children, { whole, depth: depth + 1, module }).toReversed()) due.push(below);
	}
	return lines;
}

/** `module` is the module that the facts below a line are about. Empty where they are about none. */
type Due = ChainLine & { readonly children: readonly ChainNode[]; readonly module: string };

type Level = { readonly whole: boolean; readonly depth: number; readonly module: string };

/** The children as lines: those of a kind beyond the bound are cut, and dependencies in one state share a line. */
function listLines(nodes: readonly ChainNode[], level: Level): readonly Due[] {
	const { whole, depth } = level;
	const cut = whole ? (alias: string) => alias : shorten;
	const counts = new Map<string, number>();
	for (const { node } of nodes) counts.set(node, (counts.get(node) ?? 0) + 1);
	const shown = new Map<string, number>();
	return nodes.flatMap((one): readonly Due[] => {
		const place = (shown.get(one.node) ?? 0) + 1;
		const all = counts.get(one.node) ?? 0;
		shown.set(one.node, place);
		const label = labelOf(one);
		if (one.node === "dependency") return place === 1 ? listNeeded(nodes, depth) : [];
		if (whole || all <= MOST_SHOWN || place < MOST_SHOWN)
			return [
				{ depth, label, text: describe(one, cut, level.module), children: childrenOf(one), module: moduleOf(one) },
			];
		if (place > MOST_SHOWN) return [];
		return [{ depth, label, text: `and ${all - MOST_SHOWN + 1} more (-v shows all)`, children: [], module: "" }];
	});
}

const childrenOf = (node: ChainNode): readonly ChainNode[] => ("children" in node ? (node.children ?? []) : []);

const moduleOf = (node: ChainNode): string => (node.node === "module" ? node.module : "");

function listNeeded(nodes: readonly ChainNode[], depth: number): readonly Due[] {
	const byState = new Map<string, string[]>();
	for (const one of nodes) {
		if (one.node !== "dependency") continue;
		const known = byState.get(one.standing);
		if (known === undefined) byState.set(one.standing, [one.module]);
		else known.push(one.module);
	}
	return [...byState].map(([standing, modules]) => {
		const state = standing === "unknown" ? "" : ` (${standing})`;
		return { depth, label: "needs", text: `${modules.join(", ")}${state}`, children: [], module: "" };
	});
}

function labelOf({ node, ...fact }: ChainNode): string {
	switch (node) {
		case "demand":
			return "asked by";
		case "obstacle":
			return "kept out";
		case "unbound":
			return "not bound";
		case "dependency":
			return "needs";
		case "answer":
			return "last time";
		case "remark":
			return "note";
		case "softdep":
			return `softdep ${(fact as ChainFact & { node: "softdep" }).when}`;
		default:
			return node;
	}
}

/**
 * @param cut shortens an alias, or leaves it whole
 * @param module the module that the fact is about. Empty where it is about none
 */
function describe(fact: ChainFact, cut: (alias: string) => string, module: string): string {
	switch (fact.node) {
		case "device":
			return describeDevice(fact);
		case "alias":
			return `${cut(fact.alias)}${fact.rule ? ` (rule ${formatFileLine(fact.rule)})` : ""}${fact.problem ? `: ${fact.problem}` : ""}`;
		case "pattern":
			return describePattern(fact, cut);
		case "module":
			return describeModule(fact);
		case "obstacle":
			return explainObstacle(fact.obstacle, module);
		case "install":
			return `'${fact.command}' (${formatFileLine(fact.source)})${fact.heeded ? "" : ": does not count, since the module has softdeps"}`;
		case "options":
			return `${fact.options} (${formatFileLine(fact.source)})`;
		case "dependency":
			return fact.module;
		case "softdep":
			return `${fact.name} (${formatFileLine(fact.source)})${fact.heeded ? "" : ": does not count, an earlier line does"}`;
		case "demand":
			return describeDemand(fact.demand, cut);
		case "driver":
			return `${fact.driver} on ${fact.bus}: ${fact.devices.length === 0 ? "has bound no device" : fact.devices.map(named).join(", ")}`;
		case "unbound":
			return explainCauseOf(fact.cause, fact.device);
		case "answer":
			return explainLastAnswer(fact.answer);
		case "kernel log":
			return `${fact.record.text} (at ${fact.record.seconds.toFixed(3)} s)`;
		case "firmware":
			return `${fact.there} of the ${fact.listed} files that it lists are there`;
		case "nearest":
			return `${fact.nearest.sentence} (${formatFileLine(fact.nearest.place)})`;
		case "other kernel":
			return `${fact.kernel.release} has ${fact.kernel.modules.join(", ")} for it (${fact.kernel.directory})`;
		case "remark":
			return fact.text;
	}
}

function describeModule({ module, standing, path }: ChainFact & { node: "module" }): string {
	const state = standing === "unknown" ? "" : `: ${standing}`;
	return `${module}${state}${path === undefined ? "" : `, ${path}`}`;
}

function named({ devpath, name }: NamedDevice): string {
	return name === undefined ? devpath : `${devpath} (${name})`;
}

function describeDevice(fact: ChainFact & { node: "device" }): string {
	const { device, subsystem, driver, driverModule, physicalNode } = fact;
	const bus = subsystem === undefined ? "" : `, on ${subsystem}`;
	const describes = physicalNode === undefined ? "" : `, describes ${physicalNode}`;
	const module = driverModule === undefined ? " (built in)" : driverModule === driver ? "" : ` of ${driverModule}`;
	return `${named(device)}${bus}${describes}${driver === undefined ? "" : `, driven by ${driver}${module}`}`;
}

/** What an index, or a line of modprobe.d, has found. An index of patterns needs no words: its name tells. */
const finds: Readonly<Record<MatchPlace, string>> = {
	"alias line": ", an alias line",
	module: ", by its name",
	"symbol index": "",
	"command line": ", an install or remove line",
	"alias index": "",
	builtin: ", by its name",
	"builtin alias index": "",
};

function describePattern(
	{ pattern, via, place, module, turn, rivals }: ChainFact & { node: "pattern" },
	cut: (alias: string) => string,
): string {
	const order = turn === undefined ? "" : `, ${turn === 1 ? "first" : `number ${turn}`} of ${rivals} rivals`;
	return `${cut(pattern)} -> ${module}${order} (${formatFileLine(place)}${finds[via]})`;
}

function describeDemand(demand: Demand, cut: (alias: string) => string): string {
	switch (demand.kind) {
		case "device":
			return `${named(demand.device)} by ${cut(demand.alias)}`;
		case "dependency":
			return `${demand.of}, which needs it${demand.live ? " and is live" : ""}`;
		case "softdep":
			return `${demand.of}, softdep ${demand.when} (${formatFileLine(demand.source)})${demand.live ? ", which is live" : ""}`;
		case "modules-load":
			return formatFileLine(demand.source);
	}
}
