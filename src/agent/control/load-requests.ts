// Requests to load, from their coming to their answer. Once the agent is stopped nothing more begins: whoever asks then, and
// whoever waits for a module that has not begun, is refused at once, and may do it himself. What was taken, and nobody waits
// for, is left to the agent that runs next. Acts: many remarks of one turn of the event loop are looked at once (setImmediate).
import type { Inserter } from "../../libkmod/insertion/inserter.js";
import { HotplugdError } from "../../libkmod/kernel/errors.js";
import type { AliasRequest } from "../pipeline/events.js";
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

/** A request that is not answered yet. */
type Open = { readonly asked: Asked; resolve(reply: LoadReply): void; reject(thrown: unknown): void };

export function makeRequests(options: RequestsOptions): Requests {
	const requests = new OpenRequests(options);
	return {
		load: (request) => requests.load(request),
		hang: () => requests.lookLater(),
		stop: () => requests.stop(),
		end: () => requests.end(),
	};
}

class OpenRequests {
	readonly #options: RequestsOptions;
	readonly #open = new Set<Open>();
	#stopped = false;
	#isToLook = false;

	constructor(options: RequestsOptions) {
		this.#options = options;
	}

	async load(request: LoadRequest): Promise<LoadReply> {
		if (this.#stopped) return refused;
		const ended = this.#begin(request);
		if (request.wait) return ended;
		void ended.then(
			(reply) => {
				if (reply === refused) this.#options.leave(request);
			},
			() => undefined,
		);
		return { result: "taken", explanation: "it will be handled" };
	}

	/** Once for all that is told in one turn of the event loop: what hangs can keep thousands waiting, each of which is told of. */
	lookLater(): void {
		if (this.#isToLook || this.#open.size === 0) return;
		this.#isToLook = true;
		setImmediate(() => {
			this.#isToLook = false;
			if (this.#open.size === 0) return;
			const hanging = this.#listHanging();
			for (const request of [...this.#open]) this.#look(request, hanging);
		});
	}

	stop(): void {
		this.#stopped = true;
		const { inserter } = this.#options;
		for (const request of [...this.#open]) if (!request.asked.hasBegun(inserter.isWaiting)) this.#refuse(request);
	}

	end(): void {
		this.#stopped = true;
		for (const request of [...this.#open]) this.#refuse(request);
	}

	#begin({ alias, for: whom }: LoadRequest): Promise<LoadReply> {
		return new Promise((resolve, reject) => {
			const byKernel = whom === "kernel";
			const request = { asked: makeAsked(byKernel), resolve, reject };
			this.#open.add(request);
			this.#options.load({ alias, beyondBound: byKernel, ...this.#follow(request) });
		});
	}

	#follow(request: Open): Omit<AliasRequest, "alias" | "beyondBound"> {
		const { asked } = request;
		return {
			onDecided: (decisions) => asked.decided(decisions, this.#listRunning()),
			onPlanned: (modules) => {
				asked.planned(modules);
				this.#goOn(request);
			},
			onOutcome: (outcome) => {
				asked.ended(outcome);
				if (asked.isLeft()) this.#refuse(request);
				else this.#goOn(request);
			},
			onSkipped: ({ message }) =>
				this.#endBy(request, () => ({ result: "refused", explanation: `could not plan or carry it out: ${message}` })),
		};
	}

	#goOn(request: Open): void {
		if (!this.#open.has(request)) return;
		this.#look(request, nobody);
		// What it waits for may hang already, and is not told of again.
		if (this.#open.has(request)) this.lookLater();
	}

	#look(request: Open, hanging: ReadonlyMap<string, string>): void {
		this.#endBy(request, () => request.asked.judge(hanging));
	}

	#refuse(request: Open): void {
		this.#endBy(request, () => refused);
	}

	/** @param answer gives undefined where there is none yet */
	#endBy(request: Open, answer: () => LoadReply | undefined): void {
		if (!this.#open.has(request)) return;
		try {
			const reply = answer();
			if (reply === undefined) return;
			request.resolve(reply);
		} catch (thrown) {
			request.reject(thrown);
		}
		this.#open.delete(request);
	}

	#listRunning(): readonly string[] {
		return this.#options.inserter.running().map(({ module }) => module);
	}

	/** What does not get on, with why, in words. */
	#listHanging(): ReadonlyMap<string, string> {
		const { inserter } = this.#options;
		return new Map([
			...inserter.stuck().map(({ module, behind }) => [module, `${module} waits for ${behind}, which hangs`] as const),
			...inserter.running().flatMap(({ module, hung }) => (hung ? [[module, `${module} hangs`] as const] : [])),
		]);
	}
}

const nobody: ReadonlyMap<string, string> = new Map();
