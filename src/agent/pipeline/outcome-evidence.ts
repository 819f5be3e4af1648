// Outcomes get the evidence of why the kernel refused a module. The search goes on beside everything else: only the report of this
// outcome waits for it, another try of the same module, and later reports of that module, which keep their order.
import { firstValueFrom, from, type Observable, of, type SchedulerLike, takeUntil, timer } from "rxjs";
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
	#round: { readonly find: FindEvidence; readonly until: number } | undefined;
	#busy = 0;

	constructor(options: OutcomeEvidenceOptions) {
		this.#options = options;
	}

	/** The number of outcomes that wait for their evidence. */
	busy(): number {
		return this.#busy;
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
		const search = this.#queue(step, reason, openEvidence);
		const found = firstValueFrom(from(search).pipe(takeUntil(timer(PATIENCE_MILLISECONDS, scheduler))), {
			defaultValue: undefined,
		});
		this.#found.set(root, found);
		return found;
	}

	/** Never rejects. May never resolve when a disk does not answer. */
	#queue(step: Inserted, refusal: Refusal, openEvidence: OpenEvidence): Promise<Evidence | undefined> {
		const { scheduler, onSkipped = () => undefined } = this.#options;
		const over = scheduler.now() + PATIENCE_MILLISECONDS;
		const lane = this.#lanes.reduce((free, other) => (other.searches < free.searches ? other : free));
		const search = async (): Promise<Evidence | undefined> => {
			if (scheduler.now() >= over) return undefined;
			try {
				return await this.#findNow(openEvidence)(step, refusal);
			} catch (thrown) {
				onSkipped(`the search for why the kernel refused ${step.module}`, asError(thrown));
				return undefined;
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

type Lane = { searches: number; end: Promise<unknown> };
type Inserted = Outcome["step"] & { readonly how: "insert" };

/** A copy of the outcome in which the outcome that lies at the bottom of it has the evidence. */
function withEvidence(outcome: Outcome, evidence: Evidence): Outcome {
	const { because } = outcome;
	return because === undefined ? { ...outcome, evidence } : { ...outcome, because: withEvidence(because, evidence) };
}
