// The port to changes in directories: src/linux/service/watch-files.ts is the real one.

/** Gives hints that something in directories changed. */
export type DirectoryWatch = {
	/** These from now on, in place of all others. */
	follow(directories: readonly string[]): void;
	/** Watches again what has come, or has been replaced, since. */
	refresh(): void;
	close(): void;
};

export type WatchOptions = {
	/** Something was written, came or went. */
	onHint(): void;
	/** The first directory that cannot be watched though it is there: to look now and then is then all that helps. */
	onProblem(problem: Error): void;
};
