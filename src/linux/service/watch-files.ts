// Hints that something in directories changed: inotify(7), by node's watcher. A directory that is not there is waited for by
// the nearest one above it that is; one that was replaced, or mounted over, is found again when it is refreshed. What inotify
// cannot see (what a symbolic link points to, another machine's changes on a network file system) or has no watches left for,
// it does not tell: whoever must know looks by himself now and then.

import { type FSWatcher, statSync, watch } from "node:fs";
import { basename, dirname } from "node:path";
import type { Refusal } from "../../libkmod/kernel/kernel.js";
import type { DirectoryWatch, WatchOptions } from "../../ports/watching.js";
import { onDisk } from "../files/disk-path.js";
import { isAbsent, refusalFor } from "../files/refusal.js";

type Watched = {
	/** What it is about. */
	readonly wanted: string;
	/** It, or the nearest directory above it that is there, and which one that is. */
	readonly place: string;
	readonly identity: string;
	readonly watcher: FSWatcher | undefined;
};

export function watchDirectories({ onHint, onProblem }: WatchOptions): DirectoryWatch {
	let followed: readonly string[] = [];
	let watched: readonly Watched[] = [];
	let problems = 0;

	function watchFor(wanted: string): Watched {
		const { place, identity } = findPlace(wanted);
		// Above it, only its own coming counts.
		const next = place === wanted ? undefined : nameBelow(place, wanted);
		try {
			const watcher = watch(onDisk(place), { persistent: false, encoding: "latin1" }, (_, name) => {
				if (next === undefined || name === null || name === next) onHint();
			});
			// The watch has gone, with its directory say.
			watcher.on("error", () => watcher.close());
			return { wanted, place, identity, watcher };
		} catch (thrown) {
			if (!isAbsent(thrown)) tellFirst(refusalFor("watch", place, thrown));
			return { wanted, place, identity, watcher: undefined };
		}
	}

	function tellFirst(problem: Refusal): void {
		if (++problems === 1) onProblem(problem);
	}

	function isStill({ wanted, place, identity, watcher }: Watched): boolean {
		const now = findPlace(wanted);
		return watcher !== undefined && now.place === place && now.identity === identity;
	}

	/** Closes before it opens: what is given back may be what was wanting. */
	function refresh(): void {
		const kept = watched.filter((one) => followed.includes(one.wanted) && isStill(one));
		for (const { watcher } of watched.filter((one) => !kept.includes(one))) watcher?.close();
		watched = followed.map((wanted) => kept.find((one) => one.wanted === wanted) ?? watchFor(wanted));
	}

	function follow(directories: readonly string[]): void {
		followed = directories;
		refresh();
	}

	return { follow, refresh, close: () => follow([]) };
}

function findPlace(wanted: string): { readonly place: string; readonly identity: string } {
	for (let place = wanted; ; place = dirname(place)) {
		const identity = identify(place);
		if (identity !== undefined) return { place, identity };
		if (place === dirname(place)) return { place, identity: "" };
	}
}

/** Which directory it is; undefined where it is none, or nobody may know. */
function identify(path: string): string | undefined {
	try {
		const { dev, ino } = statSync(onDisk(path), { bigint: true });
		return `${dev}:${ino}`;
	} catch {
		return undefined;
	}
}

/** The name in the upper directory by which the lower one is reached. */
function nameBelow(upper: string, lower: string): string {
	const above = dirname(lower);
	return above === upper || above === lower ? basename(lower) : nameBelow(upper, above);
}
