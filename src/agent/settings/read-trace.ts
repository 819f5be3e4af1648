// Remembers what was read, each as it was just before: whether what has come of it still holds can then be told at any time,
// whatever it was that was read.
import { type Files, Refusal } from "../../libkmod/kernel/kernel.js";
import { markOf } from "../../libkmod/kernel/presence.js";

export type ReadTrace = {
	/** To be read from. */
	readonly files: Files;
	/** Everything that was read, as it was. */
	readonly before: string;
	/** The same, as it is. */
	now(): string;
	/** The directories in which all of it lies or would lie. */
	directories(): readonly string[];
};

/** What these say of a file changes whenever it is looked at, and the file does not. */
const unstamped = ["/proc/", "/sys/"];

export function traceReads(files: Files): ReadTrace {
	/** By path, what it was when it was first read; directories that were listed end with a slash. */
	const marks = new Map<string, string>();
	return {
		files: remembering(files, (path) => {
			if (marks.has(path) || unstamped.some((place) => path.startsWith(place))) return;
			marks.set(path, markNow(files, path));
		}),
		get before() {
			return join(marks);
		},
		now: () => join([...marks.keys()].map((path) => [path, markNow(files, path)] as const)),
		directories: () => [...new Set([...marks.keys()].map((path) => path.slice(0, path.lastIndexOf("/")) || "/"))],
	};
}

/** @param remember is called with each path before anything is asked about it */
function remembering(files: Files, remember: (path: string) => void): Files {
	return {
		read(path, bound) {
			remember(path);
			return files.read(path, bound);
		},
		list(path) {
			remember(`${path}/`);
			return files.list(path);
		},
		stamp(path) {
			remember(path);
			return files.stamp(path);
		},
	};
}

/** @param path of a file, or of a directory to be listed where it ends with a slash */
function markNow(files: Files, path: string): string {
	if (!path.endsWith("/")) return markOf(files, path);
	try {
		return files.list(path.slice(0, -1))?.toSorted().join("/") ?? "absent";
	} catch (error) {
		if (error instanceof Refusal) return error.code;
		throw error;
	}
}

function join(entries: Iterable<readonly [path: string, mark: string]>): string {
	return [...entries].map(([path, state]) => `${path}\0${state}\n`).join("");
}
