// The port by which programs of policy are run: src/linux/commands/run-command.ts is the real one.

export type CommandRun = {
	/** A program's absolute path and its arguments. */
	readonly command: readonly [string, ...string[]];
	/** All of it: nothing is inherited. */
	readonly environment: Readonly<Record<string, string>>;
	/** Then SIGTERM, and SIGKILL later, for the whole process group. */
	readonly timeoutMilliseconds: number;
	/** It runs, as this process. */
	readonly onBegun?: (pid: number) => void;
};

/** How a command ended, as whoever runs it tells. */
export type CommandEnd = {
	/** 128+N for signal N, as in a shell; undefined where even SIGKILL did not end it. */
	readonly exitStatus: number | undefined;
	readonly timedOut: boolean;
	/** The end of what it wrote to standard error. */
	readonly complaint: string;
};
