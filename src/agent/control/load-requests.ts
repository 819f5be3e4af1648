// Load requests, from arrival to reply. When the agent stops, no further module begins: a new request, and a request that waits
// for a module that has not begun, is refused at once, and the client may load the module itself. A taken request without a
// waiting client is left to the next agent. Acts: all remarks of one turn of the event loop are handled by one look
// (setImmediate).
import type { Inserter } from "../../libkmod/insertion/inserter.js";
import type { AliasRequest } from "../pipeline/events.js";
import type { Pipeline } from "../pipeline/pipeline.js";
import type { Report } from "../telling/report.js";
import { Asked } from "./load-progress.js";
import { STOPPING } from "./not-done.js";
import type { LoadReply, LoadRequest } from "./protocol.js";

export type Requests = {
	/** Resolves with the outcome, or as soon as the request is taken when it has no `wait`. */
	load(request: LoadRequest): Promise<LoadReply>;
	/**
	 * Tells that a module hangs, or waits for one that hangs. One turn of the event loop later, requests that wait for such
	 * modules alone are answered.
	 */
	hang(): void;
	/**
	 * Must be called before any other part stops. Requests whose modules have begun are answered when these end, all others are
	 * refused.
	 */
	stop(): void;
	/** Refuses all open requests: no further outcome comes. */
	end(): void;
};

/**
 * Whether a report may mean that modules make no progress any more. An outcome may: when the last module that made progress ends,
 * all modules that wait for a permit are held up.
 */
export function mayHold({ kind }: Report): boolean {
	return kind === "hung" || kind === "stuck" || kind === "outcome";
}

export type RequestsOptions = {
	readonly load: Pipeline["load"];
	readonly inserter: Pick<Inserter, "isWaiting" | "running" | "stuck">;
	/** Leaves a request to the next agent: it was taken, but has not begun. */
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
		return { result: "taken", explanation: "the agent will handle the request" };
	}

	/**
	 * Looks once for all remarks of one turn of the event loop: a module that hangs can hold up thousands, each with a remark of
	 * its own.
	 */
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
			const request = { asked: new Asked(byKernel), resolve, reject };
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
				this.#endBy(request, () => ({
					result: "refused",
					explanation: `could not plan or carry out the request: ${message}`,
				})),
		};
	}

	#goOn(request: Open): void {
		if (!this.#open.has(request)) return;
		this.#look(request, nobody);
		// The awaited module may hang already, and no second remark follows.
		if (this.#open.has(request)) this.lookLater();
	}

	#look(request: Open, hanging: ReadonlyMap<string, string>): void {
		this.#endBy(request, () => request.asked.judge(hanging));
	}

	#refuse(request: Open): void {
		this.#endBy(request, () => refused);
	}

	/** @param answer returns undefined while there is no reply yet */
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

	/** Returns the modules that make no progress, each with the reason in words. */
	#listHanging(): ReadonlyMap<string, string> {
		const { inserter } = this.#options;
		return new Map([
			...inserter.stuck().map(({ module, behind }) => [module, `${module} waits for ${behind}, which hangs`] as const),
			...inserter.running().flatMap(({ module, hung }) => (hung ? [[module, `${module} hangs`] as const] : [])),
		]);
	}
}

const nobody: ReadonlyMap<string, string> = new Map();
