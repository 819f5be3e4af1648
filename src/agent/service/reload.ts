// Reloads the indexes, the configuration and the policy. A failed reload leaves the earlier ones in use. Devices that come up
// before there are any indexes wait for the first successful reload.

import { BehaviorSubject, filter, firstValueFrom, map, type Observable } from "rxjs";
import { asError } from "../../libkmod/kernel/errors.js";
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import { NotDone, STOPPING } from "../control/load-requests.js";
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
	const { known, book, journal, isStopped } = options;
	const underWay = new BehaviorSubject<Promise<ReloadReply> | undefined>(undefined);
	/** Why the indexes could not be read at the last try. */
	let missing: string | undefined;
	const lacking = () => known.value.knowledge.lacking;
	const atStart = lacking()?.why;
	if (atStart !== undefined) miss(atStart, `no usable indexes yet, so the agent loads no modules: ${atStart}`);

	/** Tells a reason once, until it changes. */
	function miss(why: string, message: string): void {
		book.missing(why);
		if (why === missing) return;
		missing = why;
		book.problem(message);
		journal.error({ moduleDirectory: known.value.knowledge.moduleDirectory }, message);
	}

	async function reload(): Promise<ReloadReply> {
		options.onReloading(true);
		book.enter("reloading");
		try {
			await options.inFlightEnded();
			if (isStopped()) throw new NotDone(STOPPING);
			return takeOver(await options.readAll());
		} catch (error) {
			if (error instanceof NotDone) throw error;
			const why = asError(error).message;
			const still =
				lacking() === undefined
					? "could not reload, the earlier indexes and configuration still count"
					: "there are still no usable indexes";
			miss(why, `${still}: ${why}`);
			throw new NotDone(`${still}: ${why}`, { cause: error });
		} finally {
			if (!isStopped()) book.enter("serving");
			options.onReloading(false);
		}
	}

	function takeOver(anew: Known): ReloadReply {
		const { problems, read: files, moduleDirectory, lacking: stillLacking } = anew.knowledge;
		if (stillLacking !== undefined && lacking() === undefined) throw new Error(stillLacking.why);
		known.next(anew);
		const again = missing !== undefined && stillLacking === undefined;
		if (stillLacking === undefined) {
			book.renewed(anew.knowledge);
			journal.info({ files, moduleDirectory }, "reloaded indexes and configuration");
			missing = undefined;
		}
		options.onRenewed(again);
		if (stillLacking !== undefined) throw new Error(stillLacking.why);
		return { problems: problems.length };
	}

	return {
		lacking,
		async reload() {
			if (isStopped()) throw new NotDone(STOPPING);
			if (underWay.value === undefined) underWay.next(reload().finally(() => underWay.next(undefined)));
			return underWay.value as Promise<ReloadReply>;
		},
		isUnderWay: () => underWay.value !== undefined,
		changes: underWay,
		everKnown: firstValueFrom(
			known.pipe(
				filter(({ knowledge }) => knowledge.lacking === undefined),
				map(() => undefined),
			),
		),
	};
}
