// Requests to load, from their coming to their answer. Once the agent is stopped nothing more begins: whoever asks then, and
// whoever waits for a module that has not begun, is refused at once, and may do it himself. What was taken, and nobody waits
// for, is left to the agent that runs next. Acts: many remarks of one turn of the event loop are looked at once (setImmediate).
import type { Inserter } from "../../libkmod/insertion/inserter.js";
import { HotplugdError } from "../../libkmod/kernel/errors.js";
import type { Pipeline } from "../pipeline/pipeline.js";
import type { Report } from "../telling/report.js";
import { type Asked, makeAsked } from "./load-progress.js";
import type { LoadReply, LoadRequest } from "./protocol.js";

/** Something that cannot be done, in a sentence for whoever asked for it; no failure of the agent's. */
export class NotDone extends HotplugdError {
	override readonly name = "NotDone";
	override readonly code = "ERR_NOT_DONE";
}

export const STOPPING = "the agent is stopping and begins nothing more: ask the next one";

export type Requests = {
	/** Resolves as soon as it is taken where nobody waits. */
	load(request: LoadRequest): Promise<LoadReply>;
	/** Something hangs, or waits for what does: who waits for such a thing alone is answered, a turn of the event loop later. */
	hang(): void;
	/** To be called before anything else is stopped: what runs is answered when it ends, all else is refused. */
	stop(): void;
	/** Nothing ends any more: refuses what is left. */
	end(): void;
};

/** Whether something may not get on any more from then on: with the last one that did, all that wait for a place stop. */
export function mayHold({ kind }: Report): boolean {
	return kind === "hung" || kind === "stuck" || kind === "outcome";
}

export type RequestsOptions = {
	readonly load: Pipeline["load"];
	readonly inserter: Pick<Inserter, "isWaiting" | "running" | "stuck">;
	/** To the agent that runs next: it was taken, and has not begun. */
	readonly leave: (request: LoadRequest) => void;
};

const refused: LoadReply = { result: "refused", explanation: STOPPING };

type Open = { readonly asked: Asked; refuse(): void; look(hanging: ReadonlyMap<string, string>): void };

export function makeRequests({ load, inserter, leave }: RequestsOptions): Requests {
	const open = new Set<Open>();
	let stopped = false;
	let isToLook = false;

	function begin({ alias, for: whom }: LoadRequest): Promise<LoadReply> {
		return new Promise((resolve, reject) => {
			const asked = makeAsked(whom === "kernel");
			const request: Open = {
				asked,
				refuse: () => endBy(() => refused),
				look: (hanging) => endBy(() => asked.judge(hanging)),
			};
			open.add(request);
			load({
				alias,
				beyondBound: whom === "kernel",
				onDecided: (decisions) =>
					asked.decided(
						decisions,
						inserter.running().map(({ module }) => module),
					),
				onPlanned(modules) {
					asked.planned(modules);
					goOn();
				},
				onOutcome(outcome) {
					asked.ended(outcome);
					if (asked.isLeft()) request.refuse();
					else goOn();
				},
				onSkipped: (error) =>
					endBy(() => ({ result: "refused", explanation: `could not plan or carry it out: ${error.message}` })),
			});

			function goOn(): void {
				if (!open.has(request)) return;
				request.look(nobody);
				// What it waits for may hang already, and is not told of again.
				if (open.has(request)) lookLater();
			}

			/** Undefined where there is no answer yet. */
			function endBy(answer: () => LoadReply | undefined): void {
				if (!open.has(request)) return;
				try {
					const reply = answer();
					if (reply === undefined) return;
					resolve(reply);
				} catch (thrown) {
					reject(thrown);
				}
				open.delete(request);
			}
		});
	}

	/** Once for all that is told in one turn of the event loop: what hangs can keep thousands waiting, each of which is told of. */
	function lookLater(): void {
		if (isToLook || open.size === 0) return;
		isToLook = true;
		setImmediate(() => {
			isToLook = false;
			if (open.size === 0) return;
			const hanging = listHanging();
			for (const { look } of [...open]) look(hanging);
		});
	}

	/** What does not get on, with why, in words. */
	function listHanging(): ReadonlyMap<string, string> {
		return new Map([
			...inserter.stuck().map(({ module, behind }) => [module, `${module} waits for ${behind}, which hangs`] as const),
			...inserter.running().flatMap(({ module, hung }) => (hung ? [[module, `${module} hangs`] as const] : [])),
		]);
	}

	return {
		hang: lookLater,
		async load(request) {
			if (stopped) return refused;
			const ended = begin(request);
			if (request.wait) return ended;
			void ended.then(
				(reply) => {
					if (reply === refused) leave(request);
				},
				() => undefined,
			);
			return { result: "taken", explanation: "it will be handled" };
		},
		stop() {
			stopped = true;
			for (const { asked, refuse } of [...open]) if (!asked.hasBegun(inserter.isWaiting)) refuse();
		},
		end() {
			stopped = true;
			for (const { refuse } of [...open]) refuse();
		},
	};
}

const nobody: ReadonlyMap<string, string> = new Map();
