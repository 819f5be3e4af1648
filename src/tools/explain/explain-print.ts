// Prints explanations: as text, the answer and the tree of each subject; or as JSON, one object a line.

import type { Explanation } from "../../agent/explaining/explanation.js";
import { statusOf } from "../../agent/explaining/verdicts.js";
import { type ChainLine, layOutChain } from "../../agent/telling/chain-text.js";
import { recordExplanation } from "../../agent/telling/explanation-record.js";
import { formatAnswer } from "../../agent/telling/explanation-text.js";
import { wrapText } from "../../agent/telling/text-layout.js";
import { formatJson } from "../../libkmod/text/byte-strings.js";
import { printable } from "../../libkmod/text/printable.js";
import type { Machine } from "../../ports/machine.js";
import type { Style, Terminal } from "../../ports/terminal.js";
import { openTerminal } from "../command-line/terminal.js";
import type { ExplainOptions } from "./explain-options.js";

type Printing = Pick<ExplainOptions, "json" | "verbose"> & {
	/** The directory of the modules: paths in it are shown from there on. */
	readonly directory: string;
};

export async function printExplanations(
	explanations: readonly Explanation[],
	{ json, verbose, directory }: Printing,
	machine: Machine,
): Promise<void> {
	if (json) {
		for (const one of explanations) machine.print(`${formatJson(recordExplanation(one))}\n`);
		return;
	}
	const texts = explanations.map((one) => ({
		status: statusOf(one.judgement),
		answer: printable(formatAnswer(one)),
		chain: layOutChain(one.chain, { whole: verbose > 0, directory }).map(safe),
	}));
	const shown = texts.flatMap(({ answer, chain }) => [answer, ...chain.map(({ text }) => text)]);
	const terminal = await openTerminal(machine, shown);
	for (const { status, answer, chain } of texts)
		terminal.print([...layOutAnswer(answer, status, terminal), ...chain.flatMap((line) => layOut(line, terminal))]);
}

const safe = ({ text, ...line }: ChainLine): ChainLine => ({ ...line, text: printable(text) });

const STYLES: Readonly<Record<number, Style>> = { 0: "green", 3: "yellow", 4: "yellow" };

function layOutAnswer(answer: string, status: number, terminal: Terminal): readonly string[] {
	return wrapText(answer, terminal.width, terminal, 4).map((line) => terminal.paint(STYLES[status] ?? "red", line));
}

/** A line of the tree: the label, and the text beside it, however many lines it takes. */
function layOut({ depth, label, text }: ChainLine, terminal: Terminal): readonly string[] {
	const indent = "  ".repeat(depth + 1);
	const beside = indent.length + label.length + 2;
	const lines = wrapText(text, terminal.width - beside, terminal);
	const first = `${indent}${terminal.paint("dim", `${label}:`)} ${lines[0] ?? ""}`;
	return [first, ...lines.slice(1).map((line) => " ".repeat(beside) + line)];
}
