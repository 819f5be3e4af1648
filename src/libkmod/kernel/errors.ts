// The base class of all errors of hotplugd, and thrown values as errors.

/**
 * The base class of hotplugd's errors. Any other thrown error is a fault of the program, or an error of node. The message is
 * for people and may change: programs compare the class or the code.
 */
export abstract class HotplugdError extends Error {
	/**
	 * Stable between versions and unique to the class, in node's style (ERR_NO_SUCH_MODULE). The code of a Refusal is the name
	 * of an errno (ENODEV), as in node's own errors.
	 */
	abstract readonly code: string;
}

/** The thrown value when it is an error, else an error with the value as its message: JavaScript can throw any value. */
export function asError(thrown: unknown): Error {
	return thrown instanceof Error ? thrown : new Error(String(thrown));
}
