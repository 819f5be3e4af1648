// Reading anew what is known: indexes, configuration and policy. What cannot be read leaves everything as it was, and where nothing
// is known yet, devices wait for it.
import { BehaviorSubject, filter, firstValueFrom, map, type Observable } from "rxjs";
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import { NotDone, STOPPING } from "../control/load-requests.js";
import type { ReloadReply } from "../control/protocol.js";
import type { Policy } from "../policy/policy.js";
import type { Journal } from "../telling/journal.js";
import type { StatusBook } from "./status-book.js";

/** What decisions are taken by. */
export type Known = { readonly knowledge: Knowledge; readonly policy: Policy };

export type ReloadOptions = {
	/** What is known now: from the start on there is something. */
	readonly known: BehaviorSubject<Known>;
	/** Reads all of it anew. What it throws leaves everything as it was. */
	readonly readAll: () => Promise<Known>;
	/** Resolves when what is in flight has ended, or is not to be waited for. */
	readonly inFlightEnded: () => Promise<void>;
	readonly isStopped: () => boolean;
	readonly book: Pick<StatusBook, "enter" | "missing" | "renewed" | "problem">;
	readonly journal: Pick<Journal, "info" | "error">;
	/** Something is about to be read, or was. */
	readonly onReloading: (begins: boolean) => void;
	/** Something else is known. @param again whether it could not be read before: what asked for modules meanwhile did so in vain */
	readonly onRenewed: (again: boolean) => void;
};

export type Reload = {
	/** Why there is nothing to look in; undefined where there is. */
	lacking(): Knowledge["lacking"];
	/** Requests that come while one is under way are answered by the same one: it has not read anything yet, or soon will again. */
	reload(): Promise<ReloadReply>;
	isUnderWay(): boolean;
	/** Emits when one begins or ends. */
	readonly changes: Observable<unknown>;
	/** Resolves when there is something to look in. */
	readonly everKnown: Promise<void>;
};

export function makeReload(options: ReloadOptions): Reload {
	const { known, book, journal, isStopped } = options;
	const underWay = new BehaviorSubject<Promise<ReloadReply> | undefined>(undefined);
	/** Why indexes could not be read when it was tried last. */
	let missing: string | undefined;
	const lacking = () => known.value.knowledge.lacking;
	const atStart = lacking()?.why;
	if (atStart !== undefined) miss(atStart, `nothing is loaded until that changes: ${atStart}`);

	/** Told once, for as long as it is so for the same reason. */
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
			const why = error instanceof Error ? error.message : String(error);
			const still =
				lacking() === undefined ? "could not reload, what was known still counts" : "there is still nothing to look in";
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
			journal.info({ files, moduleDirectory }, "read indexes and configuration anew");
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
