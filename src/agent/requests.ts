// Requests to load, from their coming to their answer. Once the agent is stopped nothing more begins: whoever asks then, and
// whoever waits for a module that has not begun, is refused at once, and may do it himself. What was taken, and nobody waits
// for, is left to the agent that runs next.
import type { Inserter } from "../libkmod/inserter.js";
import type { LoadReply, LoadRequest } from "./control.js";
import type { Decision } from "./decide.js";
import { judgeLoad } from "./load.js";
import type { Pipeline } from "./pipeline.js";

/** Something that cannot be done, in a sentence for whoever asked for it; no failure of the agent's. */
export class NotDone extends Error {
	override readonly name = "NotDone";
}

export const STOPPING = "the agent is stopping and begins nothing more: ask the next one";

export type Requests = {
	/** Resolves as soon as it is taken where nobody waits. */
	load(request: LoadRequest): Promise<LoadReply>;
	/** Something hangs, or waits for what does: who waits for such a thing alone is answered. */
	hang(): void;
	/** To be called before anything else is stopped: what runs is answered when it ends, all else is refused. */
	stop(): void;
	/** Nothing ends any more: refuses what is left. */
	end(): void;
};

export type RequestsOptions = {
	readonly load: Pipeline["load"];
	readonly inserter: Pick<Inserter, "isWaiting" | "running" | "stuck">;
	/** To the agent that runs next: it was taken, and has not begun. */
	readonly leave: (request: LoadRequest) => void;
};

const refused: LoadReply = { result: "refused", explanation: STOPPING };

type Open = { wanted: readonly string[] | undefined; refuse(): void; end(reply: LoadReply): void };

export function makeRequests({ load, inserter, leave }: RequestsOptions): Requests {
	const open = new Set<Open>();
	let stopped = false;

	function begin({ alias, for: whom }: LoadRequest): Promise<LoadReply> {
		return new Promise((resolve) => {
			const request: Open = {
				wanted: undefined,
				refuse: () => request.end(refused),
				end(reply) {
					open.delete(request);
					resolve(reply);
				},
			};
			open.add(request);
			load({
				alias,
				beyondBound: whom === "kernel",
				onDecided(decisions) {
					request.wanted = listModules(decisions);
				},
				answer(decisions, outcomes) {
					const wanted = listModules(decisions);
					const isLeft = outcomes.some(({ result, step }) => result === "stopped" && wanted.includes(step.module));
					if (isLeft) request.refuse();
					else request.end(judgeLoad(decisions, outcomes));
				},
			});
			// What hangs already is not told of again.
			endHanging(request);
		});
	}

	/** Where nothing that it waits for gets on, it is answered: what hangs may never end. */
	function endHanging({ wanted = [], end }: Open): void {
		const running = new Map(inserter.running().map(({ module, hung }) => [module, hung]));
		const stuck = new Map(inserter.stuck().map(({ module, behind }) => [module, behind]));
		const inFlight = wanted.filter((module) => running.has(module) || inserter.isWaiting(module));
		const [first] = inFlight;
		if (first === undefined || !inFlight.every((module) => running.get(module) || stuck.has(module))) return;
		const behind = stuck.get(first);
		const why = behind === undefined ? `${first} hangs` : `${first} waits for ${behind}, which hangs`;
		end({ result: "failed", explanation: `${why}: it may come up yet` });
	}

	return {
		hang() {
			for (const request of [...open]) endHanging(request);
		},
		async load(request) {
			if (stopped) return refused;
			const ended = begin(request);
			if (request.wait) return ended;
			void ended.then((reply) => {
				if (reply === refused) leave(request);
			});
			return { result: "taken", explanation: "it will be handled" };
		},
		stop() {
			stopped = true;
			for (const { wanted, refuse } of [...open])
				if (wanted === undefined || wanted.some((module) => inserter.isWaiting(module))) refuse();
		},
		end() {
			stopped = true;
			for (const { refuse } of [...open]) refuse();
		},
	};
}

function listModules(decisions: readonly Decision[]): readonly string[] {
	const matches = decisions.flatMap((decision) => decision.matches);
	return matches.filter(({ verdict }) => verdict === "wanted").map(({ found }) => found.module);
}
