// Checks whether a file exists, for callers that go on in either case: a looping link, a name that is too long, a directory
// without permission and any other reason why a path cannot be followed give an answer, not an error.
import { type Files, Refusal } from "./kernel.js";

/** Whether stat(2) finds a file at the path. */
export function isThere(files: Pick<Files, "stamp">, path: string): boolean {
	return answer(
		() => files.stamp(path) !== undefined,
		() => false,
	);
}

/** The stamp of a file, or "absent", or the name of the errno for which the stamp cannot be read. */
export function markOf(files: Pick<Files, "stamp">, path: string): string {
	return answer(
		() => files.stamp(path) ?? "absent",
		({ code }) => code,
	);
}

/** For a path that does not exist: whether a dangling link is the reason. */
export function leadsNowhere(files: Files, path: string): boolean {
	return answer(
		() => files.leadsNowhere?.(path) ?? false,
		() => false,
	);
}

/** The result of `read`. Undefined also when the file cannot be read. */
export function ifReadable<T>(read: () => T): T | undefined {
	return answer(read, () => undefined);
}

function answer<T>(ask: () => T, otherwise: (refusal: Refusal) => T): T {
	try {
		return ask();
	} catch (error) {
		if (error instanceof Refusal) return otherwise(error);
		throw error;
	}
}
