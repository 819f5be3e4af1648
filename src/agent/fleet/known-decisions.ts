// What is known of lists of aliases, by who has decided it: so many answers that a thread's memory has a bound. Pure.

/** Answers by the decisions that have made them, and by the aliases. */
type Generation<Answer> = Map<object, Map<string, Answer>>;

/**
 * An LRU of two generations: it keeps the last `least` answers, and never twice as many. The owner is no part of a key's text, so that
 * a look costs one hash of the aliases.
 */
export class KnownDecisions<Answer> {
	readonly #least: number;
	#young: Generation<Answer> = new Map();
	#old: Generation<Answer> = new Map();
	#size = 0;

	constructor(least: number) {
		this.#least = least;
	}

	get(owner: object, key: string): Answer | undefined {
		const young = this.#young.get(owner)?.get(key);
		if (young !== undefined) return young;
		const old = this.#old.get(owner)?.get(key);
		if (old !== undefined) this.set(owner, key, old);
		return old;
	}

	set(owner: object, key: string, answer: Answer): void {
		let known = this.#young.get(owner);
		if (known === undefined) {
			known = new Map();
			this.#young.set(owner, known);
		}
		const before = known.size;
		known.set(key, answer);
		this.#size += known.size - before;
		if (this.#size < this.#least) return;
		this.#old = this.#young;
		this.#young = new Map();
		this.#size = 0;
	}
}
