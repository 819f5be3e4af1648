// Whether a file is there, for whoever goes on in either case: a link that leads in a circle, a name that is too long, a closed
// directory and whatever else keeps a path from being followed are an answer, and no failure.
import { type Files, Refusal } from "./kernel.js";

/** Whether something is found at the path, as stat(2) finds it. */
export function isThere(files: Pick<Files, "stamp">, path: string): boolean {
	return answer(
		() => files.stamp(path) !== undefined,
		() => false,
	);
}

/** The stamp; else "absent", or the name of the errno that keeps it from being asked for. */
export function markOf(files: Pick<Files, "stamp">, path: string): string {
	return answer(
		() => files.stamp(path) ?? "absent",
		({ code }) => code,
	);
}

/** Of what is not there: whether a link leads to it. */
export function leadsNowhere(files: Files, path: string): boolean {
	return answer(
		() => files.leadsNowhere?.(path) ?? false,
		() => false,
	);
}

/** Undefined, too, for what cannot be read: whoever asks goes on without. */
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
