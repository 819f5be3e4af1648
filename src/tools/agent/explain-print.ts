// Prints explanations: as text, the answer and the tree of each subject; or as JSON, one object a line.

import type { Explanation } from "../../agent/explaining/explanation.js";
import { statusOf } from "../../agent/explaining/verdicts.js";
import { layOutChain } from "../../agent/telling/chain-text.js";
import { formatAnswer } from "../../agent/telling/explanation-text.js";
import { formatJson } from "../../libkmod/text/byte-strings.js";
import { printable } from "../../libkmod/text/printable.js";
import type { Machine } from "../../ports/machine.js";
import type { ExplainOptions } from "./explain-options.js";

export async function printExplanations(
	explanations: readonly Explanation[],
	{ json, verbose }: Pick<ExplainOptions, "json" | "verbose">,
	machine: Machine,
): Promise<void> {
	for (const one of explanations) {
		if (json) machine.print(`${formatJson(recordOf(one))}\n`);
		else machine.print(formatText(one, verbose > 0));
	}
}

function recordOf(explanation: Explanation): object {
	const { subject, judgement, chain } = explanation;
	return {
		kind: "explanation",
		subject,
		answer: formatAnswer(explanation),
		status: statusOf(judgement),
		judgement,
		chain,
	};
}

function formatText(explanation: Explanation, whole: boolean): string {
	const lines = layOutChain(explanation.chain, whole);
	const tree = lines.map(({ depth, label, text }) => `${"  ".repeat(depth + 1)}${label} ${text}`);
	return [formatAnswer(explanation), ...tree].map((line) => `${printable(line)}\n`).join("");
}
