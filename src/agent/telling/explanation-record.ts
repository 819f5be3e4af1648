// The records of hotplugd explain --json, and their type: schemas/explain.json is made from it, docstrings and all.
import type { WholeNumber } from "../../libkmod/kernel/whole-number.js";
import type { ChainNode, Explanation, Judgement, Taken } from "../explaining/explanation.js";
import { statusOf } from "../explaining/verdicts.js";
import { formatAnswer } from "./explanation-text.js";

/** A line of hotplugd explain --json: the answer about one subject. */
export type ExplanationRecord = {
	readonly kind: "explanation";
	readonly subject: Taken;
	/** The first line, for people. */
	readonly answer: string;
	/** The exit status that the subject alone has. */
	readonly status: WholeNumber;
	readonly judgement: Judgement;
	readonly chain: readonly ChainNode[];
};

export function recordExplanation(explanation: Explanation): ExplanationRecord {
	const { subject, judgement, chain } = explanation;
	const answer = formatAnswer(explanation);
	return { kind: "explanation", subject, answer, status: statusOf(judgement), judgement, chain };
}
