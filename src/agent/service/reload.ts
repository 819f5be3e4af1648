// Reloads the indexes, the configuration and the policy. A failed reload leaves the earlier ones in use. Devices that come up
// before there are any indexes wait for the first successful reload.

import { BehaviorSubject, filter, firstValueFrom, map, type Observable } from "rxjs";
import { asError } from "../../libkmod/kernel/errors.js";
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import { NotDone, STOPPING } from "../control/not-done.js";
import type { ReloadReply } from "../control/protocol.js";
import type { Policy } from "../policy/policy.js";
import type { Journal } from "../telling/journal.js";
import type { StatusBook } from "./status-book.js";

/** The knowledge and policy that decisions are based on. */
export type Known = { readonly knowledge: Knowledge; readonly policy: Policy };

export type ReloadOptions = {
	/** The present knowledge and policy. There is a value from the start. */
	readonly known: BehaviorSubject<Known>;
	/** Reads the indexes, the configuration and the policy again. When it rejects, the earlier ones stay in use. */
	readonly readAll: () => Promise<Known>;
	/** Resolves when the insertions in flight have ended, or need not be waited for. */
	readonly inFlightEnded: () => Promise<void>;
	readonly isStopped: () => boolean;
	readonly book: Pick<StatusBook, "enter" | "missing" | "renewed" | "problem">;
	readonly journal: Pick<Journal, "info" | "error">;
	/** Called with true before a reload, and with false after. */
	readonly onReloading: (begins: boolean) => void;
	/**
	 * Called when the knowledge and policy were replaced. @param again whether the indexes could not be read before: modules
	 * asked for meanwhile could not be loaded
	 */
	readonly onRenewed: (again: boolean) => void;
};

export type Reload = {
	/** Returns why there are no indexes to look in. Undefined when there are. */
	lacking(): Knowledge["lacking"];
	/**
	 * Single flight: a request that arrives during a reload gets the answer of that reload, which has not read anything yet, or
	 * soon will again.
	 */
	reload(): Promise<ReloadReply>;
	isUnderWay(): boolean;
	/** Emits when a reload begins or ends. */
	readonly changes: Observable<unknown>;
	/** Resolves when there are indexes to look in. */
	readonly everKnown: Promise<void>;
};

export function makeReload(options: ReloadOptions): Reload {
	return new SingleReload(options);
}

class SingleReload implements Reload {
	readonly everKnown: Promise<void>;
	readonly #options: ReloadOptions;
	readonly #underWay = new BehaviorSubject<Promise<ReloadReply> | undefined>(undefined);
	readonly changes: Observable<unknown> = this.#underWay;
	/** Why the indexes could not be read at the last try. */
	#missing: string | undefined;

	constructor(options: ReloadOptions) {
		this.#options = options;
		this.everKnown = firstValueFrom(
			options.known.pipe(
				filter(({ knowledge }) => knowledge.lacking === undefined),
				map(() => undefined),
			),
		);
		const atStart = this.lacking()?.why;
		if (atStart !== undefined) this.#miss(atStart, `no usable indexes yet, so the agent loads no modules: ${atStart}`);
	}

	lacking(): Knowledge["lacking"] {
		return this.#options.known.value.knowledge.lacking;
	}

	async reload(): Promise<ReloadReply> {
		if (this.#options.isStopped()) throw new NotDone(STOPPING);
		if (this.#underWay.value === undefined)
			this.#underWay.next(this.#readAnew().finally(() => this.#underWay.next(undefined)));
		return this.#underWay.value as Promise<ReloadReply>;
	}

	isUnderWay(): boolean {
		return this.#underWay.value !== undefined;
	}

	async #readAnew(): Promise<ReloadReply> {
		const { inFlightEnded, isStopped, readAll, book, onReloading } = this.#options;
		onReloading(true);
		book.enter("reloading");
		try {
			await inFlightEnded();
			if (isStopped()) throw new NotDone(STOPPING);
			return this.#takeOver(await readAll());
		} catch (error) {
			throw error instanceof NotDone ? error : this.#fail(error);
		} finally {
			if (!isStopped()) book.enter("serving");
			onReloading(false);
		}
	}

	#takeOver(anew: Known): ReloadReply {
		const { known, book, journal, onRenewed } = this.#options;
		const { problems, read: files, moduleDirectory, lacking } = anew.knowledge;
		if (lacking !== undefined && this.lacking() === undefined) throw new Error(lacking.why);
		known.next(anew);
		const again = this.#missing !== undefined && lacking === undefined;
		if (lacking === undefined) {
			book.renewed(anew.knowledge);
			journal.info({ files, moduleDirectory }, "reloaded indexes and configuration");
			this.#missing = undefined;
		}
		onRenewed(again);
		if (lacking !== undefined) throw new Error(lacking.why);
		return { problems: problems.length };
	}

	#fail(error: unknown): NotDone {
		const why = asError(error).message;
		const still =
			this.lacking() === undefined
				? "could not reload, the earlier indexes and configuration still count"
				: "there are still no usable indexes";
		this.#miss(why, `${still}: ${why}`);
		return new NotDone(`${still}: ${why}`, { cause: error });
	}

	/** Tells a reason once, until it changes. */
	#miss(why: string, message: string): void {
		const { known, book, journal } = this.#options;
		book.missing(why);
		if (why === this.#missing) return;
		this.#missing = why;
		book.problem(message);
		journal.error({ moduleDirectory: known.value.knowledge.moduleDirectory }, message);
	}
}
