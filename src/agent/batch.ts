// A batch: every decision taken in one drain of the socket or one slice of the walk, planned as one graph. Pure.
import type { Knowledge } from "../libkmod/knowledge.js";
import { planInsertion, type Step } from "../libkmod/plan-insertion.js";
import { type Decision, listWanted } from "./decide.js";

/** Why a wanted module is not in the plan. */
export type Spared = { readonly module: string; readonly device: string; readonly why: "live" | "tried" | "resting" };

export type Batch = {
	/** Counts from 1 in the life of an agent. */
	readonly number: number;
	readonly decisions: readonly Decision[];
	readonly plan: readonly Step[];
	/** The devices that want each module of the plan by an alias of their own. */
	readonly wantedBy: ReadonlyMap<string, readonly string[]>;
	readonly spared: readonly Spared[];
};

export type Situation = {
	/** Live, as the kernel says when the batch is planned. */
	isLive(module: string): boolean;
	/** Tried in vain for this very device. */
	wasTried(module: string, device: string): boolean;
	/** Failed so lately that it is left alone for now. Never where absent. */
	isResting?(module: string): boolean;
};

export function planBatch(
	number: number,
	knowledge: Knowledge,
	decisions: readonly Decision[],
	{ isLive, wasTried, isResting = () => false }: Situation,
): Batch {
	const wantedBy = new Map<string, string[]>();
	const spared: Spared[] = [];
	const wanted = listWanted(decisions).filter(({ module, cause }) => {
		const device = (cause.kind === "alias" && cause.device) || "";
		const why = whyNot(module, device);
		if (why !== undefined) spared.push({ module, device, why });
		else if (wantedBy.get(module)?.push(device) === undefined) wantedBy.set(module, [device]);
		return why === undefined;
	});
	function whyNot(module: string, device: string): Spared["why"] | undefined {
		if (isLive(module)) return "live";
		if (wasTried(module, device)) return "tried";
		return isResting(module) ? "resting" : undefined;
	}

	const plan = planInsertion(knowledge, wanted).filter(({ module, how }) => how !== "builtin" && !isLive(module));
	return { number, decisions, plan, wantedBy, spared };
}
