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

/** What changes whenever the stamp does: a file that is absent has one too, and so has one that cannot be reached, by the errno's name. */
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

function answer<T>(ask: () => T, otherwise: (refusal: Refusal) => T): T {
	try {
		return ask();
	} catch (error) {
		if (error instanceof Refusal) return otherwise(error);
		throw error;
	}
}
