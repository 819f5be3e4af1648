// The chain of an explanation as an indented tree: a word for what each line is, and what is known of it, with its place. Pure.

import type { MatchPlace } from "../../libkmod/knowledge/lookup.js";
import { shorten } from "../../libkmod/text/shorten.js";
import type { ChainFact, ChainNode, Demand, NamedDevice } from "../explaining/explanation.js";
import { explainCauseOf, explainLastAnswer, explainObstacle, formatPlace } from "./explanation-text.js";

/** A line of the tree: its depth from 0, its label and its text. */
export type ChainLine = { readonly depth: number; readonly label: string; readonly text: string };

/** More children of one kind than this are cut, with their number. */
const MOST_SHOWN = 4;

/** @param whole whether nothing is cut */
export function layOutChain(chain: readonly ChainNode[], whole: boolean): readonly ChainLine[] {
	const lines: ChainLine[] = [];
	const due = cut(chain, whole, 0).toReversed();
	for (let next = due.pop(); next !== undefined; next = due.pop()) {
		lines.push(next);
		for (const below of cut(next.children, whole, next.depth + 1).toReversed()) due.push(below);
	}
	return lines.map(({ depth, label, text }) => ({ depth, label, text }));
}

type Due = ChainLine & { readonly children: readonly ChainNode[] };

/** The children as lines, without those beyond the bound of their kind. */
function cut(nodes: readonly ChainNode[], whole: boolean, depth: number): readonly Due[] {
	const counts = new Map<string, number>();
	for (const { node } of nodes) counts.set(node, (counts.get(node) ?? 0) + 1);
	const shown = new Map<string, number>();
	return nodes.flatMap((one): readonly Due[] => {
		const place = (shown.get(one.node) ?? 0) + 1;
		const all = counts.get(one.node) ?? 0;
		shown.set(one.node, place);
		const line = { depth, label: labelOf(one), text: describe(one), children: one.children ?? [] };
		if (whole || all <= MOST_SHOWN || place < MOST_SHOWN) return [line];
		if (place > MOST_SHOWN) return [];
		const text = `and ${all - MOST_SHOWN + 1} more (-v shows all)`;
		return [{ depth, label: labelOf(one), text, children: [] }];
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
		case "softdep":
			return `softdep ${(fact as ChainFact & { node: "softdep" }).when}`;
		default:
			return node;
	}
}

function describe(fact: ChainFact): string {
	switch (fact.node) {
		case "device":
			return describeDevice(fact);
		case "alias":
			return `${shorten(fact.alias)}${fact.rule ? ` (rule ${formatPlace(fact.rule)})` : ""}${fact.problem ? `: ${fact.problem}` : ""}`;
		case "pattern":
			return describePattern(fact);
		case "module":
			return `${fact.module}: ${fact.standing}${fact.path === undefined ? "" : ` (${fact.path})`}`;
		case "obstacle":
			return explainObstacle(fact.obstacle, "");
		case "install":
			return `'${fact.command}' (${formatPlace(fact.source)})${fact.heeded ? "" : ": does not count, since the module has softdeps"}`;
		case "options":
			return `${fact.options} (${formatPlace(fact.source)})`;
		case "dependency":
			return `${fact.module}: ${fact.standing}`;
		case "softdep":
			return `${fact.name} (${formatPlace(fact.source)})${fact.heeded ? "" : ": does not count, an earlier line does"}`;
		case "demand":
			return describeDemand(fact.demand);
		case "driver":
			return `${fact.driver} on ${fact.bus}: ${fact.devices.length === 0 ? "has bound no device" : fact.devices.map(named).join(", ")}`;
		case "unbound":
			return explainCauseOf(fact.cause, fact.device);
		case "answer":
			return explainLastAnswer(fact.answer);
		case "nearest":
			return `${fact.nearest.module}: ${shorten(fact.nearest.pattern)}, differs in ${fact.nearest.differs}`;
		case "remark":
			return fact.text;
	}
}

function named({ devpath, name }: NamedDevice): string {
	return name === undefined ? devpath : `${devpath} (${name})`;
}

function describeDevice({ device, subsystem, driver, driverModule }: ChainFact & { node: "device" }): string {
	const bound =
		driver === undefined
			? ""
			: `, driven by ${driver}${driverModule === undefined ? " (built in)" : ` of ${driverModule}`}`;
	return `${device.devpath === "" ? "none" : named(device)}${subsystem === undefined ? "" : `, on ${subsystem}`}${bound}`;
}

const places: Readonly<Record<MatchPlace, string>> = {
	"alias line": "alias line",
	module: "name of a module",
	"symbol index": "symbol index",
	"command line": "install or remove line",
	"alias index": "alias index",
	builtin: "name of a built-in module",
	"builtin alias index": "index of built-in aliases",
};

function describePattern({ pattern, via, place, module, turn, rivals }: ChainFact & { node: "pattern" }): string {
	const order = turn === undefined ? "" : `, ${turn === 1 ? "first" : `number ${turn}`} of ${rivals} rivals`;
	return `${shorten(pattern)} -> ${module}${order} (${places[via]}, ${formatPlace(place)})`;
}

function describeDemand(demand: Demand): string {
	switch (demand.kind) {
		case "device":
			return `${named(demand.device)} by ${shorten(demand.alias)}`;
		case "dependency":
			return `${demand.of}, which needs it${demand.live ? " and is live" : ""}`;
		case "softdep":
			return `${demand.of}, softdep ${demand.when} (${formatPlace(demand.source)})${demand.live ? ", which is live" : ""}`;
		case "modules-load":
			return formatPlace(demand.source);
	}
}
