// Outcomes get the evidence of why the kernel refused a module. The search goes on beside everything else: only the report of this
// outcome waits for it, another try of the same module, and later reports of that module, which keep their order.
import {
	firstValueFrom,
	from,
	merge,
	type Observable,
	of,
	type SchedulerLike,
	Subject,
	switchMap,
	takeUntil,
	timer,
} from "rxjs";
import type { Evidence } from "../../libkmod/evidence/evidence.js";
import type { RefusedModule } from "../../libkmod/evidence/refusal-evidence.js";
import { type Outcome, rootOf } from "../../libkmod/insertion/outcome.js";
import { asError } from "../../libkmod/kernel/errors.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import type { OnSkipped } from "../../ports/skipping.js";

/** Finds the cause of one refusal. Resolves with undefined when none is found. */
export type FindEvidence = (module: RefusedModule, refusal: Refusal) => Promise<Evidence | undefined>;

/** Begins a round of searches. What does not depend on the module is read once for all searches of a round. */
export type OpenEvidence = () => FindEvidence;

export type OutcomeEvidenceOptions = {
	/** When undefined, no evidence is looked for. */
	readonly openEvidence?: OpenEvidence | undefined;
	readonly scheduler: SchedulerLike;
	readonly onSkipped?: OnSkipped;
};

/** Milliseconds after a failure until its outcome is told without evidence. */
const PATIENCE_MILLISECONDS = 10_000;
/** The same, in milliseconds after a stop: whoever stops a command waits for its end. */
const HURRIED_MILLISECONDS = 500;
/** Milliseconds that one round may last, since an administrator may change what the kernel allows. */
const ROUND_MILLISECONDS = 1000;
/** Searches at once. Each may keep a thread of the pool for as long as a disk does not answer, and insertions need the others. */
const SEARCHES_AT_ONCE = 2;

export class OutcomeEvidence {
	readonly #options: OutcomeEvidenceOptions;
	/** By the outcome of a refused module: its evidence, sought once for the module and for all that needed it. */
	readonly #found = new WeakMap<Outcome, Promise<Evidence | undefined>>();
	/** By module: the last outcome that is not told yet. */
	readonly #untold = new Map<string, Promise<Outcome>>();
	readonly #lanes = Array.from({ length: SEARCHES_AT_ONCE }, (): Lane => ({ searches: 0, end: Promise.resolve() }));
	/** Emits the milliseconds that all searches have left. */
	readonly #hurried = new Subject<number>();
	#patience = PATIENCE_MILLISECONDS;
	#round: { readonly find: FindEvidence; readonly until: number } | undefined;
	#busy = 0;

	constructor(options: OutcomeEvidenceOptions) {
		this.#options = options;
	}

	/** The number of outcomes that wait for their evidence. */
	busy(): number {
		return this.#busy;
	}

	/** Begins a stop: from now on an outcome waits half a second for its evidence, at most. */
	hurry(): void {
		this.#limit(HURRIED_MILLISECONDS);
	}

	/** Gives up all searches, and those to come. Resolves when every outcome that waited for one is told. */
	async giveUp(): Promise<void> {
		const untold = [...this.#untold.values()];
		this.#limit(0);
		for (const told of untold) await told;
	}

	#limit(milliseconds: number): void {
		this.#patience = Math.min(this.#patience, milliseconds);
		this.#hurried.next(this.#patience);
	}

	/** Emits the outcome once, with the evidence if there is any: at once where nothing has to be looked for. Never errors. */
	explain(outcome: Outcome): Observable<Outcome> {
		const { module } = outcome.step;
		const before = this.#untold.get(module);
		const found = this.#search(rootOf(outcome));
		if (found === undefined && before === undefined) return of(outcome);
		this.#busy++;
		const told = this.#explainLater(outcome, found, before);
		this.#untold.set(module, told);
		return from(told);
	}

	async #explainLater(
		outcome: Outcome,
		found: Promise<Evidence | undefined> | undefined,
		before: Promise<Outcome> | undefined,
	): Promise<Outcome> {
		const evidence = await found;
		await before;
		// The last of a round lets go of what was read for the round, which may be megabytes.
		if (--this.#busy === 0) {
			this.#round = undefined;
			this.#untold.clear();
		}
		return evidence === undefined ? outcome : withEvidence(outcome, evidence);
	}

	#search(root: Outcome): Promise<Evidence | undefined> | undefined {
		const { openEvidence, scheduler } = this.#options;
		const { step, reason, result } = root;
		if (openEvidence === undefined || result !== "failed" || step.how !== "insert") return undefined;
		if (!(reason instanceof Refusal) || reason.operation !== "insert") return undefined;
		const known = this.#found.get(root);
		if (known !== undefined) return known;
		const search = this.#patience === 0 ? undefined : this.#queue(step, reason, openEvidence);
		if (search === undefined) return undefined;
		const hurried = this.#hurried.pipe(switchMap((milliseconds) => timer(milliseconds, scheduler)));
		const over = merge(timer(this.#patience, scheduler), hurried);
		const found = firstValueFrom(from(search).pipe(takeUntil(over)), { defaultValue: undefined });
		this.#found.set(root, found);
		return found;
	}

	/**
	 * Never rejects. May never resolve when a disk does not answer. Undefined while every lane has such a search: the outcomes of an
	 * agent that runs on are not held up by it, and no queue grows.
	 */
	#queue(step: Inserted, refusal: Refusal, openEvidence: OpenEvidence): Promise<Evidence | undefined> | undefined {
		const { scheduler, onSkipped = () => undefined } = this.#options;
		const now = scheduler.now();
		const over = now + this.#patience;
		const [lane] = this.#lanes
			.filter(({ begun = now }) => now < begun + PATIENCE_MILLISECONDS)
			.sort((a, b) => a.searches - b.searches);
		if (lane === undefined) return undefined;
		const search = async (): Promise<Evidence | undefined> => {
			if (scheduler.now() >= over) return undefined;
			lane.begun = scheduler.now();
			try {
				return await this.#findNow(openEvidence)(step, refusal);
			} catch (thrown) {
				onSkipped(`the search for why the kernel refused ${step.module}`, asError(thrown));
				return undefined;
			} finally {
				lane.begun = undefined;
			}
		};
		lane.searches++;
		const found = lane.end.then(search).finally(() => lane.searches--);
		lane.end = found;
		return found;
	}

	#findNow(openEvidence: OpenEvidence): FindEvidence {
		const now = this.#options.scheduler.now();
		if (this.#round === undefined || now >= this.#round.until)
			this.#round = { find: openEvidence(), until: now + ROUND_MILLISECONDS };
		return this.#round.find;
	}
}

/** `begun` is the time at which the search that goes on began. */
type Lane = { searches: number; end: Promise<unknown>; begun?: number | undefined };
type Inserted = Outcome["step"] & { readonly how: "insert" };

/** A copy of the outcome in which the outcome that lies at the bottom of it has the evidence. */
function withEvidence(outcome: Outcome, evidence: Evidence): Outcome {
	const { because } = outcome;
	return because === undefined ? { ...outcome, evidence } : { ...outcome, because: withEvidence(because, evidence) };
}
