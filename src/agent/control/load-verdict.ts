// Judges a requested alias by its outcomes: a sentence, and a result by the rules of modprobe's exit status.
import { isUsable, type Outcome } from "../../libkmod/insertion/outcome.js";
import type { Decision } from "../decisions/decider.js";
import { explainDecision, explainOutcome } from "../telling/explain.js";
import type { LoadReply } from "./protocol.js";

const UNDECIDED = "could not decide which modules the alias asks for: the agent's log says why";

/** @param outcomes of all modules that were not live already, dependencies included */
export function judgeLoad(decisions: readonly Decision[], outcomes: readonly Outcome[]): LoadReply {
	if (decisions.length === 0) return { result: "failed", explanation: UNDECIDED };
	const matches = decisions.flatMap((decision) => decision.matches);
	const explanation = decisions.map(explainDecision).join("; ");
	if (matches.length === 0) return { result: "nothing", explanation };
	const wanted = new Set(matches.filter(({ verdict }) => verdict === "wanted").map(({ found }) => found.module));
	const failed = outcomes.find((outcome) => wanted.has(outcome.step.module) && !isUsable(outcome));
	if (failed !== undefined)
		return { result: "failed", explanation: `${failed.step.module}: ${explainOutcome(failed)}` };
	return { result: "done", explanation };
}
