// Records every file and directory that was read, each with its state just before the read. A later comparison tells whether the
// values that were made of the files still hold.
import { type Files, Refusal } from "../../libkmod/kernel/kernel.js";
import { markOf } from "../../libkmod/kernel/presence.js";

export type ReadTrace = {
	/** The files to read through, which record each access. */
	readonly files: Files;
	/** The state of everything that was read, as it was. */
	readonly before: string;
	/** Returns the state of everything that was read, as it is now. */
	now(): string;
	/** Returns the directories that hold, or would hold, everything that was read. */
	directories(): readonly string[];
};

/** The stamp of a file below these changes at every look, although the file does not. */
const unstamped = ["/proc/", "/sys/"];

export function traceReads(files: Files): ReadTrace {
	/** The state at the first read, by path. Paths of listed directories end with a slash. */
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

/** @param remember called with each path before the path is accessed */
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

/** @param path of a file, or of a directory to be listed when it ends with a slash */
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
