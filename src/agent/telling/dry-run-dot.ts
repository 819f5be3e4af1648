// A plan as a graph in Graphviz' language (graphviz.org/doc/info/lang.html): an arrow leads from a module to what has to come
// before it. Pure.

import type { Step } from "../../libkmod/planning/plan-insertion.js";
import { printable } from "../../libkmod/text/printable.js";
import type { Batch } from "../decisions/batch.js";
import { isMasked } from "./dry-run.js";
import { explainCause } from "./explain.js";

/** Lines of the graph. A dependency is a solid arrow, a softdep a dashed one, a rival a dotted one. */
export function formatDot(batches: readonly Batch[]): readonly string[] {
	const steps = batches.flatMap(({ plan }) => plan);
	return [
		"digraph coldplug {",
		"\trankdir=LR;",
		'\tnode [shape=box, style=rounded, fontname="sans-serif"];',
		...steps.map((step) => `\t${quote(step.module)} [${attributesOf(step)}];`),
		...steps.flatMap(listArrows),
		"}",
	];
}

function attributesOf(step: Step): string {
	const because = `tooltip=${quote(explainCause(step.cause))}`;
	if (isMasked(step)) return `${because}, color=gray, fontcolor=gray`;
	if (step.how === "missing") return `${because}, color=red, fontcolor=red`;
	return step.cause.kind === "alias" ? `${because}, penwidth=2` : because;
}

function listArrows({ module, after }: Step): readonly string[] {
	return after.map((one) => {
		const style = one.rival !== undefined ? ' [style=dotted, label="rival"]' : one.hard ? "" : " [style=dashed]";
		return `\t${quote(module)} -> ${quote(one.module)}${style};`;
	});
}

/**
 * A string of the language. Within quotes only a quote and a backslash mean something: "\N" in a label would be the node's name.
 * A backslash that printable() has written is doubled too, and is shown as one.
 */
const quote = (text: string): string => `"${printable(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
