// Hints that something in a directory changed: inotify(7), by node's watcher. For a directory that does not exist, the nearest
// existing directory above it is watched. A directory that was replaced, or mounted over, is found again by refresh(). inotify
// does not see changes behind a symbolic link, or another machine's changes on a network file system, and may run out of watches:
// a caller that must know of every change has to poll as well.

import { type FSWatcher, statSync, watch } from "node:fs";
import { basename, dirname } from "node:path";
import type { Refusal } from "../../libkmod/kernel/kernel.js";
import type { DirectoryWatch, WatchOptions } from "../../ports/watching.js";
import { onDisk } from "../files/disk-path.js";
import { isAbsent, refusalFor } from "../files/refusal.js";

type Watched = {
	/** The directory that the caller follows. */
	readonly wanted: string;
	/** The directory that is watched: `wanted`, or the nearest existing directory above it. `identity` is its device and inode. */
	readonly place: string;
	readonly identity: string;
	readonly watcher: FSWatcher | undefined;
};

export function watchDirectories({ onHint, onProblem }: WatchOptions): DirectoryWatch {
	let followed: readonly string[] = [];
	let watched: readonly Watched[] = [];
	let problems = 0;

	function tellFirst(problem: Refusal): void {
		if (++problems === 1) onProblem(problem);
	}

	/** Closes old watches before it opens new ones: the number of inotify watches is limited. */
	function refresh(): void {
		const kept = watched.filter((one) => followed.includes(one.wanted) && isStill(one));
		for (const { watcher } of watched.filter((one) => !kept.includes(one))) watcher?.close();
		watched = followed.map(
			(wanted) => kept.find((one) => one.wanted === wanted) ?? watchFor(wanted, onHint, tellFirst),
		);
	}

	function follow(directories: readonly string[]): void {
		followed = directories;
		refresh();
	}

	return { follow, refresh, close: () => follow([]) };
}

function watchFor(wanted: string, onHint: () => void, onProblem: (problem: Refusal) => void): Watched {
	const { place, identity } = findPlace(wanted);
	// In a directory above, only the entry on the way to `wanted` counts.
	const next = place === wanted ? undefined : nameBelow(place, wanted);
	try {
		const watcher = watch(onDisk(place), { persistent: false, encoding: "latin1" }, (_, name) => {
			if (next === undefined || name === null || name === next) onHint();
		});
		// The watch has ended, for example because its directory was removed.
		watcher.on("error", () => watcher.close());
		return { wanted, place, identity, watcher };
	} catch (thrown) {
		if (!isAbsent(thrown)) onProblem(refusalFor("watch", place, thrown));
		return { wanted, place, identity, watcher: undefined };
	}
}

/** Whether the watch still watches the right directory. */
function isStill({ wanted, place, identity, watcher }: Watched): boolean {
	const now = findPlace(wanted);
	return watcher !== undefined && now.place === place && now.identity === identity;
}

function findPlace(wanted: string): { readonly place: string; readonly identity: string } {
	for (let place = wanted; ; place = dirname(place)) {
		const identity = identify(place);
		if (identity !== undefined) return { place, identity };
		if (place === dirname(place)) return { place, identity: "" };
	}
}

/** Device and inode of a path. Undefined when it does not exist, or may not be looked up. */
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
