// The port to changes in directories. src/linux/service/watch-files.ts implements it.

/** Gives hints that something in directories changed. */
export type DirectoryWatch = {
	/** Watches these directories from now on, in place of all others. */
	follow(directories: readonly string[]): void;
	/** Watches anew each directory that has been made, or replaced, since. */
	refresh(): void;
	close(): void;
};

export type WatchOptions = {
	/** Called when an entry of a followed directory was written, made or removed. */
	onHint(): void;
	/** Called with the first existing directory that cannot be watched: the caller must poll then. */
	onProblem(problem: Error): void;
};
