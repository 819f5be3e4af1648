// The port that runs the programs of the policy. src/linux/commands/run-command.ts implements it.

export type CommandRun = {
	/** A program's absolute path and its arguments. */
	readonly command: readonly [string, ...string[]];
	/** The whole environment: the program inherits no other variable. */
	readonly environment: Readonly<Record<string, string>>;
	/** Milliseconds after which the whole process group gets SIGTERM, and SIGKILL later. */
	readonly timeoutMilliseconds: number;
	/** Called when the program has been started, with its pid. */
	readonly onBegun?: (pid: number) => void;
};

/** How a command ended. */
export type CommandEnd = {
	/**
	 * The exit status, or 128+N for a program that signal N has killed, as in a shell. Undefined when even SIGKILL did not end it.
	 */
	readonly exitStatus: number | undefined;
	readonly timedOut: boolean;
	/** The last bytes that the command wrote to standard error. */
	readonly complaint: string;
};
