// A read that is made when it is first asked for, and not again.

/** Returns a function that reads at its first call, and gives the same value at each. A read that throws is tried again. */
export function once<Value>(read: () => Value): () => Value {
	let known: { readonly value: Value } | undefined;
	return () => {
		known ??= { value: read() };
		return known.value;
	};
}
